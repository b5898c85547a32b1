//! A served door for clients in other processes.

use stackfleet_wire::{Backend, Door, ServeOptions, serve};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The interpreter: `STACKFLEET_PYTHON` where the system's has no boto3, or another version.
pub(crate) fn python() -> String {
    std::env::var("STACKFLEET_PYTHON").unwrap_or_else(|_| "python3".into())
}

/// A door that is served on a port of its own, by a thread of its own.
pub(crate) struct Server {
    pub(crate) endpoint: String,
    runtime: Runtime,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    pub(crate) fn start<B: Backend>(door: Door<B>) -> Server {
        let runtime = Builder::new_multi_thread().enable_all().worker_threads(1).build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = runtime.spawn(serve(listener, door, ServeOptions::default(), async {
            let _ = stopped.await;
        }));
        Server { endpoint, runtime, stop, task }
    }

    pub(crate) fn stop(self) {
        self.stop.send(()).unwrap();
        self.runtime.block_on(self.task).unwrap().unwrap();
    }
}
