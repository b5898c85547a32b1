//! The tree of units and accounts, target expressions, inherited policies, difference.
