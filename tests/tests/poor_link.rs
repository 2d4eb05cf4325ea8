//! Copies of about 1 MB over links that lose 2 % of their segments and break every 200 kB. The
//! same with 300 ms of delay, which only makes it take longer, is measured by `make bench`.

use counterpart::LinkModel;
use e2e::Failure;
use e2e::uplink::through_poor_links;

#[tokio::test(flavor = "multi_thread")]
async fn every_copy_arrives_over_poor_links_and_few_bytes_are_sent_twice() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let model = LinkModel::POOR_BUT_QUICK;
    let toll = through_poor_links(folder.path(), model, (3, 3), 1_000_000).await?;
    assert!(toll.carried.cuts >= 9 * 4, "{toll:?}");
    assert!(toll.ratio() <= 1.15, "{:.3}: {toll:?}", toll.ratio());
    Ok(())
}
