//! Puts into etcd without papo, which the bench compares with messages that a cluster acknowledges. Prints a
//! line with the rate.
//!
//!     puts etcd://HOST:PORT,.../PREFIX CONNECTIONS IN_FLIGHT BYTES WARM_UP_SECONDS SECONDS

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cluster::Address;
use etcd_client::{Client, Error};
use tokio::time::{Instant, sleep};

type Failure = Box<dyn std::error::Error>;

struct Puts {
    /// The keys of one run are new keys, as the batches of a log are.
    next_key: AtomicU64,
    answered: AtomicU64,
    prefix: String,
    value: Vec<u8>,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, connections, in_flight, bytes, warm_up, seconds] = &*arguments else {
        return Err("puts ADDRESS CONNECTIONS IN_FLIGHT BYTES WARM_UP_SECONDS SECONDS".into());
    };
    let address: Address = address.parse()?;
    let puts = Arc::new(Puts {
        next_key: AtomicU64::new(0),
        answered: AtomicU64::new(0),
        prefix: address.cluster.clone(),
        value: vec![b'x'; bytes.parse()?],
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let rate = runtime.block_on(async {
        let endpoints: Vec<_> = address.servers.iter().map(|server| format!("http://{server}")).collect();
        for _ in 0..connections.parse()? {
            let client = Client::connect(&endpoints, None).await?;
            for _ in 0..in_flight.parse()? {
                drop(tokio::spawn(put_forever(client.clone(), puts.clone())));
            }
        }
        sleep(Duration::from_secs_f64(warm_up.parse()?)).await;
        let (begin, before) = (Instant::now(), puts.answered.load(Ordering::Relaxed));
        sleep(Duration::from_secs_f64(seconds.parse()?)).await;
        let answered = puts.answered.load(Ordering::Relaxed) - before;
        Ok::<_, Failure>(answered as f64 / begin.elapsed().as_secs_f64())
    })?;
    writeln!(std::io::stdout(), r#"{{"puts_per_second":{rate}}}"#)?;
    Ok(())
}

async fn put_forever(mut client: Client, puts: Arc<Puts>) -> Result<(), Error> {
    loop {
        let key = puts.next_key.fetch_add(1, Ordering::Relaxed);
        client.put(format!("{}/{key:020}", puts.prefix), puts.value.clone(), None).await?;
        puts.answered.fetch_add(1, Ordering::Relaxed);
    }
}
