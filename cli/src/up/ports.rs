//! Ports, held against other programs.
//!
//! Each address of the cluster is bound here, and never listened on. The node that belongs there binds it as well, which
//! Linux allows where both set SO_REUSEADDR and the other does not listen. So the system gives the port to nobody else,
//! not even for the near end of a connection, while the node is down.

use crate::failure::Failure;
use crate::out;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio::time::Instant;

/// How long the nodes of an `up` that was killed may take to leave their ports.
const PATIENCE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(200);

/// Ports that are held as long as this lives.
#[derive(Debug, Default)]
pub struct Ports {
    held: Vec<TcpSocket>,
}

impl Ports {
    /// Holds one that the system chooses, and says which.
    pub fn any(&mut self) -> Result<u16, Failure> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let bound = bind(address).and_then(|socket| Ok((socket.local_addr()?.port(), socket)));
        let (port, socket) = bound.map_err(Failure::io("get a port from the system"))?;
        self.held.push(socket);
        Ok(port)
    }

    /// Holds that address now.
    pub fn exactly(&mut self, address: SocketAddr) -> Result<(), Failure> {
        match bind(address) {
            Ok(socket) => self.held.push(socket),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                return Err(Failure::Io(format!("{address} is in use by another program")));
            }
            Err(error) => return Err(Failure::Io(format!("cannot bind {address}: {error}"))),
        }
        Ok(())
    }

    /// Holds all these addresses, once the nodes of an earlier `up` have let go of them.
    pub async fn all(&mut self, addresses: Vec<SocketAddr>) -> Result<(), Failure> {
        let deadline = Instant::now() + PATIENCE;
        let mut said = false;
        for address in addresses {
            while let Err(error) = self.exactly(address) {
                if Instant::now() >= deadline || !left_over(address).await {
                    return Err(error);
                }
                if !said {
                    out::note(format_args!(
                        "{address} is in use: waiting, in case a node of an earlier `up` is ending there"
                    ));
                    said = true;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(())
    }
}

/// Whether somebody listens there: then it may be a node that has not yet seen its `up` die.
async fn left_over(address: SocketAddr) -> bool {
    tokio::net::TcpStream::connect(address).await.is_ok()
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::{TcpListener, TcpStream};

    #[tokio::test]
    async fn a_held_port_serves_its_node_and_nobody_else() {
        let mut ports = Ports::default();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports.any().unwrap()));
        // The node listens there, is called, dies, and listens again, all while the port is held.
        for _ in 0..3 {
            let listener = TcpListener::bind(address).await.unwrap();
            let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
            drop((client.unwrap(), server.unwrap(), listener));
        }
        // Without SO_REUSEADDR nobody gets it, and the system gives it to nobody.
        let plain = TcpSocket::new_v4().unwrap();
        plain.set_reuseaddr(false).unwrap();
        assert_eq!(plain.bind(address).unwrap_err().kind(), ErrorKind::AddrInUse);
        let others: Vec<u16> = (0..200).map(|_| ports.any().unwrap()).collect();
        assert!(!others.contains(&address.port()));
    }

    #[tokio::test]
    async fn a_port_that_others_listen_on_is_named() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let error = Ports::default().exactly(address).unwrap_err();
        assert!(matches!(&error, Failure::Io(text) if text.contains(&address.to_string())), "{error}");
    }
}
