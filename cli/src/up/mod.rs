//! `wolffish up`: a whole cluster on this machine, each node a process of its own.

mod backoff;
mod create;
mod describe;
mod lock;
mod options;
mod plan;
mod ports;
mod process;
mod ready;
mod signals;
mod supervisor;

pub use lock::Lock;
pub use options::UpArgs;
pub use signals::Signals;

use crate::failure::Failure;
use crate::status::{Observer, operator_state};
use crate::upfile::UpFile;
use config::Cluster;
use ct::names::Role;
use process::Process;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use supervisor::{Supervisor, Told};

const PRIVATE: u32 = 0o700;

/// Makes or finds the cluster, runs it until told to stop.
pub async fn run(args: UpArgs) -> Result<(), Failure> {
    let args = args.absolute()?;
    let _lock = Lock::take(&args.dir)?;
    let dir = args.dir.canonicalize().map_err(Failure::io(format_args!("find {}", args.dir.display())))?;
    UpFile::remove(&dir)?;
    let (cluster, _ports) = create::open(&args, &dir).await?;
    let logs = DirBuilder::new().recursive(true).mode(PRIVATE).create(dir.join("log"));
    logs.map_err(Failure::io(format_args!("make {}/log", dir.display())))?;
    let program = std::env::current_exe().map_err(Failure::io("find this program"))?;
    let file = describe::up_file(&cluster, &dir);
    let processes = file.nodes.iter().map(|node| process(&program, &cluster, node)).collect();
    let welcome = describe::welcome(&cluster, &file, &command(&program), &describe::quoted(&args.dir));
    let observer = Observer::new(&cluster, &operator_state(&cluster, &dir)?)?;
    let told = Told { file, dir: dir.clone(), welcome, observer };
    let ended = Supervisor::start(processes, told)?.run().await;
    UpFile::remove(&dir)?;
    ended
}

fn process(program: &Path, cluster: &Cluster, node: &crate::upfile::UpNode) -> Process {
    let text = |path: &Path| path.display().to_string();
    let args = [
        "run".to_owned(),
        node.role.to_string(),
        "--cluster".to_owned(),
        text(cluster.file()),
        "--node".to_owned(),
        node.name.to_string(),
        "--state".to_owned(),
        text(&node.state_dir),
        "--exit-on-stdin-close".to_owned(),
    ];
    // A repair that was used rests until a person has looked at its report.
    let rests =
        (node.role == Role::MergeRepair).then(|| node.state_dir.join(merge_repair::report::JSON_FILE));
    Process { program: program.to_owned(), args: args.to_vec(), log_file: node.log_file.clone(), rests }
}

/// This program as it can be called from where we are.
fn command(program: &Path) -> String {
    let here = std::env::current_dir().ok();
    let relative = here.and_then(|here| program.strip_prefix(here).ok().map(PathBuf::from));
    let short = relative.unwrap_or_else(|| program.to_owned());
    // A name alone would be looked for in the search path.
    let short = if short.components().count() == 1 { Path::new(".").join(short) } else { short };
    describe::quoted(&short)
}

/// A cluster for the tests of other modules.
#[cfg(test)]
pub mod testing {
    use super::{UpArgs, plan};
    use config::Cluster;

    /// The usual cluster; the directory holds what it names.
    pub fn cluster() -> (tempfile::TempDir, Cluster) {
        plan::testing::made(&UpArgs::default())
    }
}
