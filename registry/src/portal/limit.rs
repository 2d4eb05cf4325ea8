//! A token bucket for each address. Codes hold 75 random bits, so guessing is hopeless anyway; this
//! keeps a script from crowding out people.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use http::HeaderMap;

/// Addresses remembered; beyond it, those that would be full again are forgotten.
const ADDRESSES_MAX: usize = 50_000;

pub(super) struct Limiter {
    burst: f64,
    per_second: f64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Limiter {
    pub(super) fn new(burst: u32, per_minute: u32) -> Self {
        let per_second = f64::from(per_minute) / 60.0;
        Self { burst: f64::from(burst), per_second, buckets: Mutex::default() }
    }

    /// Takes one token from the address's bucket, if there is one.
    pub(super) fn take(&self, address: IpAddr, now: Instant) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= ADDRESSES_MAX {
            buckets.retain(|_, bucket| self.level(*bucket, now) < self.burst);
        }
        if buckets.len() >= ADDRESSES_MAX && !buckets.contains_key(&address) {
            return false;
        }
        let bucket = buckets.entry(address).or_insert(Bucket { tokens: self.burst, at: now });
        let level = self.level(*bucket, now);
        let granted = level >= 1.0;
        *bucket = Bucket { tokens: if granted { level - 1.0 } else { level }, at: now };
        granted
    }

    fn level(&self, bucket: Bucket, now: Instant) -> f64 {
        let waited = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.tokens + waited * self.per_second).min(self.burst)
    }
}

/// The address to count for: the one our own proxy saw, or the peer's. An IPv6 subscriber has a
/// whole /64, so that counts as one.
pub(super) fn client(headers: &HeaderMap, peer: IpAddr, behind_proxy: bool) -> IpAddr {
    // The last entry is what our proxy appended; the others are whatever the client claimed.
    let forwarded = || {
        let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        last.rsplit(',').next()?.trim().parse().ok()
    };
    let address = if behind_proxy { forwarded().unwrap_or(peer) } else { peer };
    match address {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const B: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    #[test]
    fn a_crowd_from_one_address_waits_and_others_do_not() {
        let limiter = Limiter::new(3, 60);
        let now = clock::instant();
        let granted = (0..5).filter(|_| limiter.take(A, now)).count();
        assert_eq!(granted, 3);
        assert!(limiter.take(B, now));
        assert!(limiter.take(A, now + Duration::from_secs(1)));
        assert!(!limiter.take(A, now + Duration::from_secs(1)));
    }

    #[test]
    fn a_forwarded_address_counts_only_when_a_proxy_of_ours_stands_in_front() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "1.2.3.4, 10.0.0.2".parse().expect("a header"));
        assert_eq!(client(&headers, A, false), A);
        assert_eq!(client(&headers, A, true), B);
        assert_eq!(client(&HeaderMap::new(), A, true), A);
    }

    #[test]
    fn one_subscribers_ipv6_addresses_count_as_one() {
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");
        let none = HeaderMap::new();
        let one = client(&none, address("2001:db8:1:2:aaaa::1"), false);
        assert_eq!(one, client(&none, address("2001:db8:1:2:bbbb::9"), false));
        assert_ne!(one, client(&none, address("2001:db8:1:3::1"), false));
    }
}
