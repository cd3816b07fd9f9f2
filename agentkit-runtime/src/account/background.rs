//! Tasks that go on when their caller goes away, and waiting for them before the process ends.

use std::future::Future;

use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Counts tasks under way.
pub(super) struct Background {
    running: watch::Sender<usize>,
}

impl Default for Background {
    fn default() -> Self {
        Self { running: watch::Sender::new(0) }
    }
}

/// Ends the count of a task, also when it panics.
struct Counted(watch::Sender<usize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running -= 1);
    }
}

impl Background {
    /// Starts a task that nothing but the end of the process stops.
    pub(super) fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.running.send_modify(|running| *running += 1);
        let counted = Counted(self.running.clone());
        tokio::spawn(async move {
            let output = task.await;
            drop(counted);
            output
        })
    }

    /// Waits until no task is under way.
    pub(super) async fn idle(&self) {
        // The sender is ours, so waiting cannot fail.
        let _ = self.running.subscribe().wait_for(|running| *running == 0).await;
    }
}
