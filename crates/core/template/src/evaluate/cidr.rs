//! `Fn::Cidr`: blocks of addresses cut from a larger one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Returns `count` consecutive blocks with `host_bits` bits for hosts, from the beginning of `block`.
///
/// # Errors
/// A reason, in words, when the block is none or too small.
pub(super) fn subnets(block: &str, count: u64, host_bits: u32) -> Result<Vec<String>, String> {
    let (address, prefix) = block.split_once('/').ok_or_else(|| format!("`{block}` is not a CIDR block"))?;
    let address: IpAddr = address.parse().map_err(|_| format!("`{block}` is not a CIDR block"))?;
    let (width, number) = match address {
        IpAddr::V4(address) => (32_u32, u128::from(u32::from(address))),
        IpAddr::V6(address) => (128_u32, u128::from(address)),
    };
    let prefix: u32 = prefix
        .parse()
        .ok()
        .filter(|prefix| *prefix <= width)
        .ok_or_else(|| format!("`{block}` is not a CIDR block"))?;
    if !(1..=256).contains(&count) {
        return Err(format!("the count {count} is not between 1 and 256"));
    }
    let available_bits = width - prefix;
    if host_bits == 0 || host_bits > available_bits {
        return Err(format!("{host_bits} bits for hosts do not fit into `{block}`"));
    }
    let spare = available_bits - host_bits;
    if spare < 64 && u128::from(count) > (1_u128 << spare) {
        return Err(format!("`{block}` has no room for {count} blocks of {host_bits} bits"));
    }
    let base = if available_bits >= 128 { 0 } else { (number >> available_bits) << available_bits };
    let block_at = |index: u64| {
        let start = base + (u128::from(index) << host_bits);
        let address = match width {
            32 => IpAddr::V4(Ipv4Addr::from(u32::try_from(start).unwrap_or(u32::MAX))),
            _ => IpAddr::V6(Ipv6Addr::from(start)),
        };
        format!("{address}/{}", width - host_bits)
    };
    Ok((0..count).map(block_at).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_cut_in_order() {
        assert_eq!(subnets("10.0.0.0/16", 3, 8).unwrap(), ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"]);
        assert_eq!(subnets("2001:db8::/56", 2, 64).unwrap(), ["2001:db8::/64", "2001:db8:0:1::/64"]);
        assert_eq!(subnets("192.168.0.0/24", 6, 5).unwrap()[5], "192.168.0.160/27");
        assert!(subnets("10.0.0.0/24", 2, 8).is_err());
        assert!(subnets("10.0.0.0", 1, 8).is_err());
        assert!(subnets("0.0.0.0/0", 256, 31).is_err());
        assert!(subnets("::/0", 2, 127).is_ok());
    }
}
