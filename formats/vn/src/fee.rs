//! The fee for a certified copy.

/// The fee in đồng for one certified copy of an original of `pages` pages: 2,000 for each of the
/// first two, 1,000 for each further page, 200,000 at most (Circular 226/2016/TT-BTC, art. 4).
pub const fn certified_copy(pages: u32) -> u64 {
    let first = if pages < 2 { pages } else { 2 };
    let further = pages.saturating_sub(2);
    let fee = 2_000 * first as u64 + 1_000 * further as u64;
    if fee < 200_000 { fee } else { 200_000 }
}

#[cfg(test)]
mod tests {
    use super::certified_copy;

    #[test]
    fn the_fee_rises_by_the_page_up_to_its_ceiling() {
        let vectors = [
            (0, 0),
            (1, 2_000),
            (2, 4_000),
            (3, 5_000),
            (5, 7_000),
            (10, 12_000),
            (197, 199_000),
            (198, 200_000),
            (199, 200_000),
            (u32::MAX, 200_000),
        ];
        for (pages, fee) in vectors {
            assert_eq!(certified_copy(pages), fee, "{pages} pages");
        }
    }
}
