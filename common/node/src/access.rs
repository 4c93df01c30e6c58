//! Who may call what: one table (docs/protocol.md, N2). What is not in it is forbidden.

use crate::message::Method::{self, *};
use ct::names::Role::{self, *};

struct Row {
    on: &'static [Role],
    methods: &'static [Method],
    by: &'static [Role],
}

const SERVERS: &[Role] = &[Frontend, Storage, Signer, Merge, MergeRepair];

const TABLE: &[Row] = &[
    Row { on: &[Storage], methods: &[SendEntry, SendSCT], by: &[Frontend] },
    Row { on: &[Storage], methods: &[FetchNewEntries, GetEntry], by: &[Merge, Storage] },
    Row { on: &[Storage], methods: &[SendSTH], by: &[Merge] },
    Row { on: &[Merge, Frontend], methods: &[GetEntry], by: &[Merge, Frontend, Operator] },
    Row {
        on: &[Merge, Frontend],
        methods: &[CurrentPosition, SendLog, MissingEntries, SendEntry, SendSTH],
        by: &[Merge],
    },
    Row { on: &[Merge], methods: &[VerifyRoot, Remind], by: &[Merge] },
    Row { on: &[Merge], methods: &[Stop, Start], by: &[MergeRepair] },
    Row { on: &[Signer], methods: &[SignSCT], by: &[Frontend] },
    Row { on: &[Signer], methods: &[SignSTH, SignedLeaves], by: &[Merge] },
    Row { on: &[Signer], methods: &[Stop, Release], by: &[MergeRepair] },
    // A certificate proves itself, so every node may pass it on.
    Row { on: SERVERS, methods: &[SetPrimary], by: SERVERS },
    // For a node that is made anew, and knows no term.
    Row { on: &[Merge, Frontend, Storage, Signer], methods: &[GetCertificate], by: &Role::ALL },
    Row { on: SERVERS, methods: &[Status], by: &Role::ALL },
];

/// Whether a node of role `caller` may call `method` on a node of role `callee`.
pub fn allowed(callee: Role, method: Method, caller: Role) -> bool {
    TABLE
        .iter()
        .any(|row| row.on.contains(&callee) && row.methods.contains(&method) && row.by.contains(&caller))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each pair of roles may do, written out once more and the other way round: by caller, then callee.
    fn expected(caller: Role, callee: Role) -> &'static [Method] {
        match (caller, callee) {
            (_, Operator) => &[],
            (Operator, Merge) => &[GetEntry, GetCertificate, Status],
            (Operator, Frontend) => &[GetEntry, GetCertificate, Status],
            (Operator, MergeRepair) => &[Status],
            (Operator, _) => &[GetCertificate, Status],
            (Frontend, Storage) => &[SendEntry, SendSCT, SetPrimary, GetCertificate, Status],
            (Frontend, Signer) => &[SignSCT, SetPrimary, GetCertificate, Status],
            (Frontend, Merge) => &[GetEntry, SetPrimary, GetCertificate, Status],
            (Frontend, Frontend) => &[GetEntry, SetPrimary, GetCertificate, Status],
            (Storage, Storage) => &[FetchNewEntries, GetEntry, SetPrimary, GetCertificate, Status],
            (Merge, Storage) => &[FetchNewEntries, GetEntry, SendSTH, SetPrimary, GetCertificate, Status],
            (Merge, Signer) => &[SignSTH, SignedLeaves, SetPrimary, GetCertificate, Status],
            (Merge, Frontend) => &[
                GetEntry,
                CurrentPosition,
                SendLog,
                MissingEntries,
                SendEntry,
                SendSTH,
                SetPrimary,
                GetCertificate,
                Status,
            ],
            (Merge, Merge) => &[
                GetEntry,
                CurrentPosition,
                SendLog,
                MissingEntries,
                SendEntry,
                SendSTH,
                VerifyRoot,
                Remind,
                SetPrimary,
                GetCertificate,
                Status,
            ],
            (MergeRepair, Merge) => &[Stop, Start, SetPrimary, GetCertificate, Status],
            (_, Merge) => &[SetPrimary, GetCertificate, Status],
            (MergeRepair, Signer) => &[Stop, Release, SetPrimary, GetCertificate, Status],
            (_, MergeRepair) => &[SetPrimary, Status],
            _ => &[SetPrimary, GetCertificate, Status],
        }
    }

    #[test]
    fn every_cell_of_the_table_is_as_meant() {
        for caller in Role::ALL {
            for callee in Role::ALL {
                for &method in Method::ALL {
                    let meant = expected(caller, callee).contains(&method);
                    assert_eq!(allowed(callee, method, caller), meant, "{caller} calls {method} on {callee}");
                }
            }
        }
    }
}
