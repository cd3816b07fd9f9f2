//! The proof `kill9`: a process that refreshes without a pause is killed at any moment, and the next one goes on.
//!
//! A refresh token that the provider has replaced and that never reached our disk is lost, if the provider forgives
//! nothing: that cannot be helped, only said. With every other provider nothing may be lost.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use agentkit_runtime::{AgentKit, ErrorKind, SqliteStore, Store as _};
use agentkit_tests::browser::Browser;
use agentkit_tests::chaos::Chaos;
use agentkit_tests::clock::ShiftedClock;
use agentkit_tests::connectors::oidc;
use agentkit_tests::oidc::{KINDS, Oidc, connection, register};
use agentkit_tests::{folder, proof};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};
use tokio::runtime::Runtime;

/// Kills of the short form, of all kinds of providers together.
const KILLS: usize = 30;
/// How many killers are at work at once in the long form.
const LANES: usize = 8;
/// How long a token lives: as long as the clock moves on between two refreshes.
const LIFE: Duration = Duration::from_secs(2);
/// How long some requests are on their way.
const SLOW: Duration = Duration::from_millis(200);
/// After a restart the account works again within.
const RECOVERY: Duration = Duration::from_secs(1);
/// The environment variable that tells a process to be the one that is killed, and how.
const JOB: &str = "AGENTKIT_KILL9_JOB";

/// The process that is killed: refreshes, and says what came of it.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "this is how it says it")]
async fn the_process_that_is_killed() {
    let Ok(job) = env::var(JOB) else { return };
    let job: Value = serde_json::from_str(&job).expect("the job is JSON");
    let text = |name: &str| job[name].as_str().expect("the job is whole").to_owned();
    // Whatever the test runner has printed ends here.
    println!();
    let store = SqliteStore::open(text("folder")).await.expect("the store opens");
    let mut doubt = !store.in_doubt().await.expect("the store answers").is_empty();
    if doubt {
        println!("doubt");
    }
    let clock = Arc::new(ShiftedClock::new());
    clock.advance(Duration::from_millis(job["shift"].as_u64().expect("the job is whole")));
    let (kind, provider, gateway) = (text("kind"), text("provider"), text("gateway"));
    let kit = kit(store, clock.clone(), &Place { kind: &kind, provider: &provider, gateway: &gateway }).await;
    let account = kit.connected_account(&kind, "ana").await.expect("the account is there");
    let mut refused = 0;
    loop {
        clock.advance(LIFE);
        match kit.execute(&account, oidc::Ping::new()).await {
            Ok(_) => {
                println!("ok");
                refused = 0;
                if std::mem::take(&mut doubt) {
                    // The request of the process before may still be on its way, but not for as long as tokens live.
                    tokio::time::sleep(SLOW + Duration::from_millis(50)).await;
                }
            }
            Err(error) if error.kind() == ErrorKind::Reconnect => {
                let account = kit.account(account.id()).await.expect("the store answers").expect("it is there");
                println!("lost {}", account.reason().map_or("for no reason", |reason| reason.as_str()));
                return;
            }
            // A request of the process before came late, and the provider ended the grant between our refresh and our
            // call. What became of the account, the next refresh says.
            Err(error) if error.kind() == ErrorKind::AuthExpired && kind == "strict" && refused < 3 => refused += 1,
            Err(error) => println!("failed {error}"),
        }
    }
}

#[test]
fn a_killed_refresh_is_taken_up_and_no_loss_is_silent() {
    let kills = match env::var("AGENTKIT_KILLS") {
        Ok(kills) if proof::long() => kills.parse().expect("AGENTKIT_KILLS is a number"),
        _ => KILLS,
    };
    let start = Instant::now();
    let mut told = String::new();
    let mut recoveries = Vec::new();
    for (kind, _) in KINDS {
        let seen = side_by_side(kind, kills.div_ceil(KINDS.len()));
        write!(told, "{kind} {} in doubt, {} lost; ", seen.doubts, seen.losses.len()).expect("a text takes text");
        for loss in &seen.losses {
            assert_eq!(loss, "rotation_lost", "a loss that is called otherwise, with {kind}: {told}");
        }
        assert!(kind == "strict" || seen.losses.is_empty(), "a token was lost: {told}");
        assert!(seen.refused >= seen.losses.len() as u64, "the provider refused less than was lost: {told}");
        recoveries.extend(seen.recoveries);
    }
    // Of thirty kills it may be that none fell into a refresh; of hundreds it may not.
    assert!(kills < 100 || !recoveries.is_empty(), "no kill fell into a refresh: {told}");
    recoveries.sort();
    let middle = recoveries.get(recoveries.len() / 2).copied().unwrap_or_default();
    let most = recoveries.iter().max().copied().unwrap_or_default();
    assert!(middle <= RECOVERY, "half of the restarts took longer than {middle:?}");
    let slow = recoveries.iter().filter(|time| **time > RECOVERY).count();
    proof::figures(
        "kill9",
        format_args!(
            "{kills} kills: {told}each loss said, recovered in {} ms, {} ms at most, {slow} of {} over a second; {} s",
            middle.as_millis(),
            most.as_millis(),
            recoveries.len(),
            start.elapsed().as_secs(),
        ),
    );
}

/// What was seen of one provider.
#[derive(Default)]
struct Seen {
    /// Restarts that found a refresh begun and not ended.
    doubts: usize,
    /// Why accounts expired.
    losses: Vec<String>,
    /// From a restart that found a refresh in doubt to the first word on what became of it.
    recoveries: Vec<Duration>,
    /// Refreshes that the provider refused.
    refused: u64,
}

/// Most of the time a killer waits, so that many kills are shared by several, each with a provider of its own.
fn side_by_side(kind: &'static str, kills: usize) -> Seen {
    let lanes = if proof::long() { LANES } else { 1 };
    let mut all = Seen::default();
    thread::scope(|scope| {
        let lanes: Vec<_> =
            (0..lanes).map(|lane| scope.spawn(move || Killer::start(kind, lane).kill(kills.div_ceil(lanes)))).collect();
        for lane in lanes {
            let seen = lane.join().expect("what a killer found wrong is above");
            all.doubts += seen.doubts;
            all.losses.extend(seen.losses);
            all.recoveries.extend(seen.recoveries);
            all.refused += seen.refused;
        }
    });
    all
}

/// Starts processes and kills them.
struct Killer {
    runtime: Runtime,
    chaos: Chaos,
    oidc: Oidc,
    kind: &'static str,
    folder: PathBuf,
    gateway: String,
    /// How far the clock of the last process had moved on.
    shift: Duration,
}

impl Killer {
    fn start(kind: &'static str, lane: usize) -> Self {
        let runtime = Runtime::new().expect("a runtime starts");
        let (chaos, oidc) = (Chaos::start(), Oidc::start());
        runtime.block_on(async {
            chaos.forward(&oidc.base).await;
            oidc.set(json!({"access_ttl": LIFE.as_secs()})).await;
        });
        let folder = folder(&format!("kill9-{kind}-{lane}"));
        let gateway = String::new();
        let mut killer = Self { runtime, chaos, oidc, kind, folder, gateway, shift: Duration::ZERO };
        killer.connect();
        killer
    }

    fn kill(mut self, kills: usize) -> Seen {
        let mut seen = Seen::default();
        for _ in 0..kills {
            let before = seen.losses.len();
            self.live(&mut seen);
            if seen.losses.len() > before {
                self.connect();
            }
        }
        let stats = self.runtime.block_on(self.oidc.stats());
        seen.refused = stats["refresh_refused"].as_u64().expect("the provider counts");
        self.runtime.block_on(whole(&self.folder.join("data/agentkit.db")));
        let _ = fs::remove_dir_all(&self.folder);
        seen
    }

    /// The life of one process.
    fn live(&mut self, seen: &mut Seen) {
        if random().is_multiple_of(8) {
            // A request that arrives when its sender is dead and the next process has already asked again.
            let skip = random() % 4;
            let slow =
                json!({"contains": "refresh_token", "mode": "delay", "ms": SLOW.as_millis(), "n": 1, "skip": skip});
            self.runtime.block_on(self.chaos.fault(slow));
        }
        let start = Instant::now();
        let (mut process, words) = self.spawn();
        // One in four dies before it has said a word: while it starts, or while it makes good for the one before.
        let early = random().is_multiple_of(4);
        let mut end = early.then(|| start + Duration::from_millis(u64::from(random() % 250)));
        let (mut said, mut doubt) = (0, false);
        loop {
            let left = end.map_or(Duration::from_mins(1), |end| end.saturating_duration_since(Instant::now()));
            let word = match words.recv_timeout(left) {
                Ok(word) => word,
                Err(RecvTimeoutError::Timeout) if end.is_some() => break,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("it said nothing: {}", self.log())
                }
            };
            self.hear(&word, seen, &mut doubt);
            if matches!(word.split(' ').next(), Some("ok" | "lost")) {
                said += 1;
                if said == 1 {
                    if doubt {
                        seen.recoveries.push(start.elapsed());
                    }
                    end = end.or_else(|| Some(Instant::now() + Duration::from_micros(u64::from(random()))));
                }
                if word.starts_with("lost") {
                    break;
                }
            }
        }
        process.0.kill().expect("a process of our own can be killed");
        process.0.wait().expect("it was ours");
        // What it had said before it died.
        while let Ok(word) = words.recv() {
            self.hear(&word, seen, &mut doubt);
        }
    }

    fn hear(&mut self, word: &str, seen: &mut Seen, doubt: &mut bool) {
        match word.split_once(' ') {
            None if word == "doubt" => {
                seen.doubts += 1;
                *doubt = true;
            }
            None => self.shift += LIFE,
            Some(("lost", reason)) => seen.losses.push(reason.to_owned()),
            Some(_) => panic!("the process says: {word}"),
        }
    }

    fn spawn(&mut self) -> (Process, Receiver<String>) {
        // One more, since the last process may have died before it could say so.
        self.shift += LIFE;
        let job = json!({
            "folder": self.folder, "kind": self.kind, "provider": self.chaos.base, "gateway": self.gateway,
            "shift": u64::try_from(self.shift.as_millis()).expect("not that long"),
        });
        let log = fs::File::create(self.folder.join("log")).expect("target/ can be written");
        let process = Command::new(env::current_exe().expect("a test knows its file"))
            .args(["--exact", "kill9::the_process_that_is_killed", "--nocapture", "--test-threads", "1"])
            .env(JOB, job.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("a test starts");
        let mut process = Process(process);
        let output = process.0.stdout.take().expect("it is piped");
        let (words, heard) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let ours = ["doubt", "ok"].contains(&line.as_str()) || line.starts_with("lost ");
                if (ours || line.starts_with("failed ")) && words.send(line).is_err() {
                    return;
                }
            }
        });
        (process, heard)
    }

    /// Connects the account, while no process has the store open.
    fn connect(&mut self) {
        // A runtime of its own: what runs beside the kit ends with it, and the next process finds the store free.
        self.gateway = Runtime::new().expect("a runtime starts").block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
            let gateway = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
            listener.set_nonblocking(true).expect("a socket can wait");
            let listener = tokio::net::TcpListener::from_std(listener).expect("tokio takes it");
            let store = SqliteStore::open(&self.folder).await.expect("the store opens");
            let clock = Arc::new(ShiftedClock::new());
            clock.advance(self.shift);
            let place = Place { kind: self.kind, provider: &self.chaos.base, gateway: &gateway };
            let kit = kit(store, clock, &place).await;
            register(&self.oidc, &kit).await;
            let router = agentkit_gateway::router(kit.clone());
            let server = tokio::spawn(async move { axum::serve(listener, router).await });
            let account = kit.connected_account(self.kind, "ana").await.expect("an account can be made");
            let link = kit.authorization_link(&account).await.expect("a link can be made");
            let page = Browser::new().connect(&link.url, "ana").await;
            assert!(page.status.is_success(), "{}", page.text());
            server.abort();
            let _ = server.await;
            kit.finish().await;
            gateway
        });
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

/// Ends with the test, also when that fails: by itself it would go on for ever.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Which provider, where it listens, and where the pages are.
struct Place<'a> {
    kind: &'a str,
    provider: &'a str,
    gateway: &'a str,
}

async fn kit(store: SqliteStore, clock: Arc<ShiftedClock>, place: &Place<'_>) -> AgentKit {
    let connection = connection(place.kind, place.kind, place.provider);
    let builder = AgentKit::builder().connection(connection).base_url(place.gateway);
    builder.store(store).clock(clock).build().await.expect("the kit is in order")
}

/// The database is whole, as its own check sees it.
async fn whole(database: &Path) {
    let options = SqliteConnectOptions::new().filename(database);
    let mut database: SqliteConnection = options.connect().await.expect("the database opens");
    let row = sqlx::query("PRAGMA integrity_check").fetch_one(&mut database).await.expect("it can be checked");
    assert_eq!(row.get::<String, _>(0), "ok");
    let broken = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut database).await.expect("it can be checked");
    assert!(broken.is_empty(), "{} rows refer to nothing", broken.len());
    database.close().await.expect("it closes");
}

fn random() -> u16 {
    let mut bytes = [0; 2];
    SystemRandom::new().fill(&mut bytes).expect("the machine has random numbers");
    u16::from_be_bytes(bytes)
}
