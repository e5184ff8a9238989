//! The addresses to which the gateway may connect for a user: public addresses, and the networks of
//! `--hooks-allow`.
//!
//! Without this check, a user could reach services of the gateway's own network (server-side request forgery,
//! SSRF). The gateway resolves the name once, checks the addresses, and connects to these addresses, so a
//! later change of the name to an internal address has no effect (DNS rebinding).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// IPv4 networks that are not public. The registry of RFC 6890 lists all of them except the last.
const PRIVATE_V4: [(Ipv4Addr, u8); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8), // this network; Linux connects 0.0.0.0 to itself
    (Ipv4Addr::new(10, 0, 0, 0), 8), // private
    (Ipv4Addr::new(100, 64, 0, 0), 10), // carrier-grade NAT
    (Ipv4Addr::new(127, 0, 0, 0), 8), // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16), // link-local, with the metadata of clouds at 169.254.169.254
    (Ipv4Addr::new(172, 16, 0, 0), 12), // private
    (Ipv4Addr::new(192, 0, 0, 0), 24), // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24), // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24), // relays of 6to4
    (Ipv4Addr::new(192, 168, 0, 0), 16), // private
    (Ipv4Addr::new(198, 18, 0, 0), 15), // measurements
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24), // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4), // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4), // reserved, with the broadcast address
    (Ipv4Addr::new(168, 63, 129, 16), 32), // the host agent of Azure
];

/// The public IPv6 addresses (RFC 4291), and the networks in them that are not public.
const GLOBAL_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
const PRIVATE_V6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments, with Teredo
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4, which contains any IPv4 address
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// NAT64 (RFC 6052): the last 32 bits are an IPv4 address.
const NAT64: (Ipv6Addr, u8) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Decides to which addresses the gateway may connect.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    allowed: Arc<[IpNet]>,
}

impl Guard {
    /// `allowed` are the networks that the operator permits although they are not public.
    pub(crate) fn new(allowed: &[IpNet]) -> Self {
        Self { allowed: allowed.into() }
    }

    pub(crate) fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.allowed.iter().any(|network| network.contains(&address))
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => {
            if has_v6(NAT64, address) {
                let [.., a, b, c, d] = address.octets();
                return is_public_v4(Ipv4Addr::new(a, b, c, d));
            }
            has_v6(GLOBAL_V6, address) && !PRIVATE_V6.iter().any(|network| has_v6(*network, address))
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let has = |(network, bits)| Ipv4Net::new(network, bits).is_ok_and(|network| network.contains(&address));
    !PRIVATE_V4.into_iter().any(has)
}

fn has_v6((network, bits): (Ipv6Addr, u8), address: Ipv6Addr) -> bool {
    Ipv6Net::new(network, bits).is_ok_and(|network| network.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(allowed: &[&str], address: &str) -> bool {
        let allowed: Vec<IpNet> = allowed.iter().map(|network| network.parse().expect("a network")).collect();
        Guard::new(&allowed).permits(address.parse().expect(address))
    }

    #[test]
    fn every_class_of_internal_addresses_is_refused() {
        for (class, addresses) in [
            ("unspecified", &["0.0.0.0", "0.1.2.3", "::"][..]),
            ("loopback", &["127.0.0.1", "127.255.255.254", "::1"]),
            ("private", &["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"]),
            ("carrier-grade NAT", &["100.64.0.1", "100.127.255.255", "100.100.100.200"]),
            ("link-local", &["169.254.1.1", "fe80::1", "febf::1"]),
            ("metadata", &["169.254.169.254", "fd00:ec2::254", "192.0.0.192", "168.63.129.16"]),
            ("unique local", &["fc00::1", "fd12:3456::1"]),
            ("site-local", &["fec0::1"]),
            ("multicast", &["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"]),
            ("broadcast and reserved", &["255.255.255.255", "240.0.0.1"]),
            ("documentation", &["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"]),
            ("measurements", &["198.18.0.1", "198.19.255.255", "2001:2::1"]),
            ("IPv4 in IPv6", &["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1"]),
            ("NAT64", &["64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1.1.1.1"]),
            ("6to4", &["2002:7f00:1::1", "2002:c0a8:101::1", "2002:808:808::1", "192.88.99.1"]),
            ("Teredo", &["2001:0:4136:e378:8000:63bf:3fff:fdd2"]),
            ("discard-only and not assigned", &["100::1", "4000::1", "5f00::1"]),
        ] {
            for address in addresses {
                assert!(!permits(&[], address), "{class}: {address}");
            }
        }
    }

    #[test]
    fn public_addresses_are_permitted() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "64:ff9b::8.8.8.8",
            "::ffff:8.8.8.8",
        ] {
            assert!(permits(&[], address), "{address}");
        }
    }

    #[test]
    fn the_operator_permits_networks() {
        assert!(permits(&["10.0.0.0/8"], "10.1.2.3") && permits(&["10.0.0.0/8"], "::ffff:10.1.2.3"));
        assert!(!permits(&["10.0.0.0/8"], "192.168.1.1") && !permits(&["10.0.0.0/8"], "64:ff9b::10.1.2.3"));
        assert!(permits(&["fd00::/8"], "fd00::1") && !permits(&["fd00::/8"], "::1"));
    }
}
