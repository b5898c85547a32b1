//! Which names are those of secrets.

/// Words that end the name of a secret.
const ENDINGS: [&str; 13] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "secretstring",
    "secretkey",
    "secretaccesskey",
    "token",
    "apikey",
    "privatekey",
    "credential",
    "credentials",
    "passcode",
];

/// Tells whether a name is that of a secret: `DbPassword`, `API_KEY`; not `PasswordLength`, `SecretArn`.
pub(super) fn is_secret(name: &str) -> bool {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    ENDINGS.iter().any(|ending| letters.ends_with(ending)) && !NOT_SECRET.iter().any(|ending| letters.ends_with(ending))
}

/// Names that only end like those of secrets: tokens of pages, switches.
const NOT_SECRET: [&str; 10] = [
    "nexttoken",
    "servicetoken",
    "generatesecret",
    "createsecret",
    "rotatesecret",
    "usesecret",
    "resetpassword",
    "generatepassword",
    "manageuserpassword",
    "managemasteruserpassword",
];

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn names_of_secrets_are_known() {
        for name in ["Password", "DB_PASSWORD", "GitHubToken", "ApiKey", "MasterUserPassword", "client-secret"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["PasswordLength", "SecretArn", "TokenName", "ServiceToken", "Secrets", "ManageMasterUserPassword"]
        {
            assert!(!is_secret(name), "{name}");
        }
    }
}
