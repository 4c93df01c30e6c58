//! Everything the log can do wrong, one thing at a time.

/// A lie, or a dialect: what a log may do and a client must bear.
///
/// Where a lie is told "every other time" or to "the first" requests, requests to that endpoint of that frontend
/// count, from when it was told to lie. Indexes and sizes are those of the tree that is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lie {
    /// The truth.
    #[default]
    None,

    // Dialects.
    /// No lie: the leaf index is in the extensions of the SCT, as static-ct-api has it.
    IndexInExtension,
    /// No lie: the first requests to each endpoint get 503 and Retry-After in seconds, later ones are served.
    Busy {
        /// How many are turned away.
        requests: u64,
        /// What Retry-After says.
        seconds: u64,
    },
    /// No lie: the first requests to each endpoint get 429 and Retry-After as an HTTP date, later ones are served.
    BusyUntil {
        /// How many are turned away.
        requests: u64,
        /// How far the date is ahead of the system's clock.
        seconds: u64,
    },
    /// No lie, a mishap: the first requests to each endpoint get 500 and an HTML page, later ones are served.
    ServerError {
        /// How many get the page.
        requests: u64,
    },
    /// No lie: each request is redirected once, to the same URL with `hop=1` in the query, and answered there.
    RedirectOnce,

    // SCTs.
    /// `sct_version` is 1.
    SctVersionOne,
    /// `id` is not the log's.
    SctWrongLogId,
    /// The SCT is dated an hour ahead.
    SctPostDated,
    /// The SCT is dated an hour back.
    SctAncient,
    /// The signature is over a timestamp one millisecond later.
    SctSignatureOverOtherTime,
    /// The signature is by another key.
    SctSignedByAnother,
    /// `extensions` is missing.
    SctWithoutExtensions,
    /// `timestamp` is a string.
    SctTimestampQuoted,
    /// A byte follows the DigitallySigned.
    SctTrailingSignatureByte,
    /// `id` lacks its padding.
    SctBase64Unpadded,

    // Submission.
    /// Chains without their root are refused.
    RootlessRefused,
    /// Chains are stored without their root.
    StoredWithoutRoot,
    /// A resubmission gets an SCT of another time, which is not logged.
    DuplicateUnlogged,
    /// A resubmission gets 409.
    DuplicateRefused,
    /// SCTs are signed, and the entries never logged; heads go on.
    PromisedButNeverLogged,
    /// The logged TBSCertificate of a precertificate still has its poison.
    PoisonLeftInTbs,
    /// `issuer_key_hash` is of the precertificate's own key.
    KeyHashOfLeaf,
    /// A certificate with embedded SCTs gets the SCT of its precertificate.
    FinalAnsweredWithPrecert,
    /// A certificate with embedded SCTs is refused as known.
    FinalRefusedAsKnown,
    /// What a Precertificate Signing Certificate issued is logged under that one's name.
    PrecertSignerNotRewritten,
    /// `issuer_key_hash` is of the Precertificate Signing Certificate.
    PrecertSignerKeyHash,
    /// What a Precertificate Signing Certificate issued is refused.
    PrecertSignerRefused,

    // Refusal.
    /// Precertificates are taken at add-chain, and certificates at add-pre-chain.
    MixUpAccepted,
    /// The same, answered with a refusal and logged all the same.
    RefusedButLogged,
    /// A poison that is not critical is let pass.
    PoisonNotCriticalAccepted,
    /// A poison with other contents is let pass.
    PoisonValueIgnored,
    /// Two poisons are let pass.
    TwoPoisonsAccepted,
    /// Unacceptable chains get 500 in place of 400.
    PolicyErrorIs500,
    /// Signatures in the chain are not checked.
    SignatureUnchecked,
    /// Chains to an unknown root are taken, if it was submitted too.
    UnknownRootAccepted,
    /// A certificate without any issuer is taken.
    LeafAloneAccepted,
    /// A chain in wrong order is put into the right one.
    ShuffleRepaired,
    /// A chain with a certificate twice is taken.
    DuplicateCertificateAccepted,
    /// Certificates after the root are ignored.
    ExtraCertificateIgnored,

    // Policy.
    /// A notAfter at the window's start is refused.
    WindowStartExclusive,
    /// The window ends a day early.
    WindowEndADayEarly,
    /// There is no window.
    WindowIgnored,
    /// A notAfter at the window's end is taken.
    WindowEndInclusive,
    /// Expired certificates are refused.
    ExpiredRefused,
    /// Certificates with an unknown critical extension are refused.
    CriticalExtensionRefused,
    /// Chains with name constraints are refused.
    NameConstraintsEnforced,
    /// Certificates signed with SHA-1 are refused.
    Sha1Refused,

    // Bodies, methods and paths of requests.
    /// A body that is not JSON gets 500.
    JunkIs500,
    /// A body that is not JSON gets 400 without a reason.
    JunkRefusedSilently,
    /// Bytes after a certificate are ignored.
    TrailingBytesAccepted,
    /// URL-safe base64 is taken.
    UrlSafeAccepted,
    /// A body that is too large gets 400.
    HugeBodyIs400,
    /// A body that is too deep gets 500.
    DeepJsonIs500,
    /// A body that drips is waited for.
    DripNeverCut,
    /// A body that drips blocks all other requests.
    DripBlocksOthers,
    /// A wrong method gets 404.
    WrongMethodIs404,
    /// An unknown path gets 200.
    UnknownPathIs200,
    /// Any prefix is served.
    AnyPrefixServed,

    // Heads. All but SthSignatureBroken and SthSignedByAnother have a valid signature by the log's key.
    /// An idle log does not sign again ([`Publishing::OnDemand`](crate::Publishing::OnDemand)).
    SthFrozen,
    /// From the second time on, the head is an hour old.
    SthStale,
    /// The head is dated an hour ahead.
    SthPostDated,
    /// Every other head is a second older.
    SthGoesBack,
    /// Every head is so many milliseconds older than the one published.
    SthBack(u64),
    /// Every third head covers one entry less, with the same timestamp.
    SthShrinks,
    /// Every head covers so many entries less than published (but not less than none); its timestamp is right, and
    /// so is its root.
    SthShrunk(u64),
    /// The root is not the one that was signed.
    SthSignatureBroken,
    /// The signature is by another key.
    SthSignedByAnother,
    /// get-sth with a query gets 400.
    SthQueryRefused,
    /// Every other head has another root, of no tree at all.
    TwoRootsOfOneSize,
    /// The head and all that belongs to it stay as they were when this was told: no newer head, entry or proof.
    Frozen,
    /// The fork is shown: its head, entries and proofs, consistent in themselves. See [`Liar::fork_at`](crate::Liar::fork_at).
    Fork,
    /// The same, but consistency proofs are the right number of nodes that mean nothing.
    ForkJunkProof,
    /// get-sth shows the trunk first, the fork next, and so on; whatever else is asked in between belongs to the tree
    /// shown last.
    ForkAlternates,
    /// The same, but get-sth-consistency and get-entry-and-proof get 500.
    ForkAlternatesUnproven,
    /// The first entry changes its hash as soon as there are three.
    HistoryRewritten,
    /// The head claims so many entries more than there are, under a root of no tree. Asking for them gets 400, as in
    /// any log.
    SthBeyondEntries(u64),
    /// The head claims to cover this many entries, under a root of no tree; get-entries serves them all, the real
    /// ones over and over.
    EndlessEntries(u64),

    // Consistency proofs.
    /// The nodes are in reverse order.
    ConsistencyReversed,
    /// The last node has one bit flipped; an empty proof gets a node too many.
    ConsistencyWrong,
    /// `null` for an empty proof.
    ConsistencyNullForEmpty,
    /// `first=0` is refused.
    ConsistencyFromZeroRefused,
    /// A range that is none gets 200.
    BadRangeIs200,
    /// A range that is none gets 500.
    BadRangeIs500,
    /// A range beyond the tree gets an empty proof.
    BeyondSizeIsEmptyProof,

    // Inclusion proofs.
    /// The index in the SCT's extensions is one too high.
    IndexInExtensionOff,
    /// Every fifth entry cannot be found by its hash, beginning with the third.
    ProofForgotten,
    /// `leaf_index` is one too high.
    ProofIndexOff,
    /// The nodes of get-proof-by-hash are in reverse order.
    ProofReversed,
    /// `leaf_index` of the first five entries changes when there are more.
    ProofIndexMoves,
    /// The first node has one bit flipped, by hash and by index; an empty path gets a node too many.
    InclusionWrong,
    /// An unknown hash gets 400.
    UnknownHashIs400,
    /// An unknown hash is proved to be entry 0.
    UnknownHashProved,
    /// A proof for a size beyond the tree is for the tree there is.
    BeyondSizeProved,
    /// `tree_size=0` gets 404.
    TreeSizeZeroIs404,
    /// Every proof has this many nodes.
    ProofsTooLong(usize),

    // Entries.
    /// This entry has the last bit of its timestamp flipped, so that it differs from its leaf hash.
    EntryTampered(u64),
    /// This entry is covered by the head and not served: answers end before it, and asking from it on gets the gap.
    EntryMissing(u64, Gap),
    /// `leaf_input` of this entry lacks its last byte.
    EntryTruncated(u64),
    /// `leaf_input` of this entry has a byte too many.
    EntryTrailing(u64),
    /// `extra_data` of this entry is no certificate chain.
    ExtraDataJunk(u64),
    /// A byte follows `extra_data`.
    ExtraDataTrailing,
    /// `extra_data` of a precertificate lacks the precertificate.
    ExtraDataWithoutPrecert,
    /// The first two entries of each answer have changed places.
    EntriesSwapped,
    /// No root is accepted, going by get-roots.
    RootsUnrelatedToChains,
    /// One entry more than asked for; where the tree ends, the last entry twice.
    EntriesTooMany,
    /// Answers begin one entry late, if more than one was asked for.
    EntriesFromElsewhere,
    /// An end beyond the tree gets 400.
    EntriesBeyondEndRefused,
    /// A start beyond the tree gets 200 with no entries.
    EmptyEntriesAtEnd,
    /// A negative start is taken for zero.
    NegativeStartIsZero,
    /// A missing end is taken for the start.
    MissingEndIsStart,
    /// get-entry-and-proof proves the entry's neighbour.
    EntryProofOfNeighbour,
    /// `extra_data` is another at get-entry-and-proof than at get-entries.
    EntryExtraDataDiffers,
    /// An index at the tree's size gets 404.
    IndexAtSizeIs404,
    /// `null` for the path in a tree of one.
    SizeOnePathNull,
    /// get-roots lacks the test CA.
    TestCaMissingFromRoots,

    // The form of any answer.
    /// `sha256_root_hash` has 31 bytes.
    RootHashShort,
    /// Nodes of proofs have 33 bytes.
    NodesLong,
    /// Base64 begins with an exclamation mark.
    Base64Invalid,
    /// Numbers are strings.
    NumbersQuoted,
    /// The answer is a hundred thousand opening brackets and as many closing ones.
    JsonDeep,
    /// 200 with an HTML page.
    HtmlIs200,

    // How an answer arrives, or does not.
    /// A byte of the body at a time ([`Setup::drip`](crate::Setup::drip)), without end.
    BodyDrips,
    /// The same within a header field.
    HeadDrips,
    /// The request is read and never answered.
    NeverAnswered,
    /// The connection is closed instead of an answer.
    HungUp,
    /// The connection is closed in the middle of the body.
    BodyCut,
    /// The body is a JSON object that does not end, without Content-Length. It stops after 1 GiB.
    BodyEndless,
    /// The same with a Content-Length of 100 GB.
    BodyClaimsHuge,
    /// Redirected to the same URL with `hop` in the query, one higher each time, for ever.
    RedirectLoop,
    /// Redirected to `localhost`, the same port: another name for the same log. Who follows gets the answer there.
    RedirectToOtherHost,
    /// Redirected to `https`, the same port, where nobody speaks TLS.
    RedirectToOtherScheme,
}

/// What is there instead of a missing entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// 400, as beyond the tree.
    BadRequest,
    /// 404.
    NotFound,
    /// 200 with no entries.
    Empty,
}
