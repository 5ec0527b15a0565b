// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IClaimable} from "./IClaimable.sol";

/// @title Deposits, receipts, audits, windows and pay, at 0x0000000000000000000000000000000016120003
/// @notice Blocks are block numbers; bps are hundredths of a percent; amounts are wei.
///
/// Signatures (EIP-712). Domain: name "OpenLedger", version "1", the chain's id, this address. The requester signs
///   InferenceRequest(address requester,address host,uint64 adapterId,uint32 adapterVersion,address application,
///   bytes32 inputCommitment,uint256 maxFeeWei,uint256 nonce,uint64 deadlineBlock,uint8 auditClass,bytes32 genesisHash)
/// and the digest of that is the receipt's id. The host's signer signs
///   InferenceReceipt(bytes32 requestHash,bytes32 outputCommitment,uint32 inputTokens,uint32 outputTokens,
///   bytes32 queryRowHash,uint8 method,bytes32 profileHash)
/// with requestHash = the receipt's id and queryRowHash = keccak256(queryRow). (No line breaks or spaces after commas in
/// the types that are hashed.) genesisHash is the chain's own and not sent. Signatures are 65
/// bytes, r ‖ s ‖ v, low-s, with v 27 or 28 (or 0 or 1).
///
/// Audit class: 0 public, 1 granted auditors only, 2 unaudited. In class 1 committees are drawn from the requester's
/// list of
/// auditors alone, as it is when the receipt settles; without a list such a receipt is malformed.
/// Method: 0 projected gradient. Others are refused for now.
/// Settlement: 1 settled, 2 already settled, 3 malformed (row, class or method, class 1 without a list of auditors, or a
/// version that never was), 4 expired,
/// 5 adapter or version not active, 6 host not active, 7 bad request signature, 8 bad receipt signature, 9 fee too low,
/// 10 host's bond too low,
/// 11 underfunded, 12 wrong profile, 13 the requester has no access to the adapter. The first check that fails gives the
/// code;
/// they come in this order: 4, 2, 5 (no such adapter), 3 (no such version), 5, 3, 12, 13, 6, 9, 10, 11, 7, 8.
/// Receipt status: 0 none, 1 settled, 2 audit open, 3 appealed, 4 final, 5 rejected, 6 refunded.
/// Receipt flags: 1 audited (found right by a committee or an appeal), 2 unaudited (by class or for want of auditors),
/// 4 not drawn, 8 marked wrong, 16 challenged, 32 appealed.
/// Finalisation: 1 finalized, 2 rejected, 3 refunded, 4 already final, 5 not yet, 6 unknown receipt, 7 facts do not match,
/// 8 query row needed, 9 audit opened, 10 appeal opened.
/// Verdict: 1 ok, 2 output mismatch, 3 row mismatch, 4 unavailable, 5 undecided. 2, 3 and 4 are against the receipt. 5 is
/// for what an auditor can neither confirm nor refute (rows between the tolerance and ten times of it): it is on no side,
/// is not paid and, unlike silence, costs nothing.
/// Window state: 0 none, 1 open, 2 scoring, 3 paying, 4 closed.
/// Credit reasons: 1 settler (ref: first batch), 2 finalizer, 3 host, 4 surplus (treasury), 5 adapter owner, 6 royalty,
/// 7 stakers, 8 application, 9 treasury, 10 auditor, 11 window closer (ref: adapter), 12 host's bond (ref: host id),
/// 13 auditor's bond (ref: auditor id), 14 slashed bond (treasury), 15 challenger (part of the host's slashed bond),
/// 16 challenger's bond returned, 17 host (out of a challenger's bond), 18 appellant's bond returned, 19 treasury (out
/// of an
/// appellant's bond). Where nothing else is said, ref is the receipt's id.
/// Contributors are credited by ContributionPaid.
///
/// Fee = min(maxFeeWei, the adapter's price for the token counts in the block of settlement). The settler gets
/// min(baseFee · settlementGas, fee · settlerCapBps / 10000); a fee of zero or below baseFee · settlementGas does not
/// settle. What is
/// reserved for the host pays first. The rest
/// is split when the receipt is final: each part is its share in bps, floor; without an application (or with an account
/// of the system) that part, and always
/// the dust, go to the treasury. Auditors and the finalizer are paid out of the treasury's part.
///
/// Ending without an audit: final. By a committee: final when more than half of all seats say ok, rejected when more than
/// half are against, else refunded; not before its time for appeals is over. By an appeal: final when more than 2/3 of the
/// electors' total bond say ok, rejected when more than 2/3 of it are against, else refunded. No receipt ends within its
/// challenge window (challengeWindowBlocks from the block of settlement on).
/// Rejected: of the host's bond min(bond, fee · hostBondMultiple · hostSlashBps / 10000) is slashed. Out of it come, in
/// this
/// order: the settler's pay back to the requester, a quarter (floor) of the whole to the challenger if there is one, then
/// auditors and finalizer as out of a treasury's part, then the treasury. No part is more than what is left.
/// Paid auditors share fund · auditorPayBps / 10000 in equal parts, floor. They are the seats on the side that the receipt
/// ends with, and of them, where the digests of two or more agree, only those that agree with another; then the electors
/// who voted for that side, in their order. An account is paid once, and at most 64 are paid. Nobody is when it is
/// refunded.
/// Seats: when a receipt ends that was under audit, each seat without a reveal loses auditorMissBps of its bond; where an
/// appeal ends it as final or rejected, each seat on the other side loses auditorSlashBps of its bond. Floors of the
/// bond as
/// it then is, seat by seat, to the treasury. An active auditor whose bond is then below auditorBondMinWei is leaving from
/// that block on, as if it had deregistered.
///
/// Query row: k int8, −127 to 127, whose squares add up to queryNormSquaredPerK · k at most. Its weight is
/// clamp(floor(fee · 256 / baseWei), 1, 4095), baseWei the adapter's.
/// Window: receipts of one version of an adapter, which is scored with that version's rows and paid to its members. Each
/// version has one newest window; windows of all versions are numbered together and closed in that order. The receipts
/// of one
/// version in one settle go to its newest window, when that has less than windowReceipts receipts and is less than
/// windowAgeBlocks old by the first of them, else to a new one. It is ready to close when it has windowReceipts or is
/// windowAgeBlocks old, and every receipt in it has ended.
/// The weighted sum of its final receipts' query rows is shifted right (arithmetic, towards −∞) by the least number
/// of bits that fits every coordinate into int16. Row j scores scale_j · Σ_i query_i · row_j,i, an int128. Scores are
/// summed per cluster of near-duplicates; the positive sums divide the pot by largest remainder (ties: lower leader id);
/// inside a cluster novelty bps · record count divides its part (ties: earlier commit), record count alone where no novelty
/// is left. Members that are tombstoned in the registry when the first member of the window is paid get nothing: their
/// scores count as zero, and the others of their cluster divide its part; which they are is kept for the window's later
/// calls.
///
/// Remainder. When no cluster's sum is positive, the whole pot goes to sums for each unit of weight, which the versions of
/// Datanets keep for their members. A member's weight is its record count · novelty bps, or its record count where no
/// member of the version has novelty; tombstoned members have theirs too, so that weights never change. The pot is divided
/// over the Datanet versions of the window's adapter version by the weight of all of their members, by largest remainder
/// (ties: the earlier in the adapter's list); a version without novelty gets nothing unless none has any. Each version's
/// sum, in units
/// of 2^−64 wei, grows by floor(((amount << 64) + carry) / weight), and the carry becomes what is left. A member can be
/// credited floor((weight · (sum − sum at its last credit)) / 2^64). What these floors leave, below one wei for each member
/// and claim, and what tombstoned members do not get, stays in the pots.
interface IProofOfAttribution is IClaimable {
    struct InferenceRequest {
        address requester;
        address host;
        uint64 adapterId;
        uint32 adapterVersion;
        address application; // or zero
        bytes32 inputCommitment; // salted
        uint256 maxFeeWei;
        uint256 nonce; // any number not used before with the same other fields
        uint64 deadlineBlock; // last block in which the receipt settles
        uint8 auditClass;
    }

    struct SignedReceipt {
        InferenceRequest request;
        bytes32 outputCommitment; // salted
        uint32 inputTokens;
        uint32 outputTokens;
        uint8 method;
        bytes32 profileHash; // the base model's
        bytes queryRow;
        bytes requesterSignature;
        bytes hostSignature;
    }

    /// @notice What a settled receipt's digest commits to: digest = keccak256(abi.encode(facts)). ReceiptSettled tells all.
    struct ReceiptFacts {
        bytes32 receiptId;
        address requester;
        address application;
        uint96 settlerWei;
        bytes32 queryRowHash;
        bytes32 receiptHash; // EIP-712 struct hash of the receipt
    }

    struct Receipt {
        uint8 status;
        uint8 flags;
        uint16 weight;
        address host;
        uint64 adapterId;
        uint32 adapterVersion;
        uint64 windowIndex;
        uint64 batchId;
        uint40 settledBlock;
        uint96 feeWei;
        uint32 grantId; // the requester's list of auditors, in audit class 1
        bytes32 digest;
    }

    struct Audit {
        address[] committee;
        uint40 commitEndBlock; // last block of commits
        uint40 revealEndBlock; // last block of reveals
        uint8 committed; // bit per seat
        uint8 revealed;
        uint8[] verdicts; // per seat, zero before the reveal
        bytes10[] digests; // first ten bytes, per seat
        uint40 lastRevealBlock; // of the reveals so far
        uint40 appealEndBlock; // last block of appealReceipt; zero while reveals may still come
    }

    /// @notice Of a receipt that was challenged; else all zero.
    struct ReceiptChallenge {
        address challenger;
        uint96 bondWei; // zero once it is paid out
        uint40 challengeBlock;
    }

    struct Appeal {
        address appellant; // zero where the committee's disagreement opened it
        uint96 bondWei; // the appellant's; zero once it is paid out
        uint40 commitEndBlock; // last block of commits
        uint40 revealEndBlock; // last block of reveals
        uint64 committed; // bit per elector
        uint64 revealed;
        address[] electors;
        uint96[] bondsWei; // as of the opening; the weight of each elector's vote
        uint8[] verdicts; // per elector, zero before the reveal
        uint256 totalWei;
        uint256 okWei;
        uint256 againstWei;
    }

    struct Deposit {
        uint96 balanceWei; // still pays receipts until it is withdrawn
        uint96 leavingWei;
        uint40 withdrawableBlock;
    }

    struct Host {
        uint32 hostId;
        uint8 status; // 0 none, 1 active, 2 leaving, 3 left
        address signer;
        uint96 bondWei;
        uint96 openFeesWei; // of receipts that are not final
        uint40 withdrawableBlock;
        string endpoint;
    }

    struct Auditor {
        uint32 auditorId;
        uint8 status; // 0 none, 1 active, 2 leaving
        uint96 bondWei; // the weight in the draw
        uint40 activeBlock; // draws for receipts settled in or after this block
        uint40 withdrawableBlock;
    }

    struct Window {
        uint8 state;
        uint8 shift;
        uint40 openedBlock;
        uint32 settled; // receipts
        uint32 finished; // final, rejected or refunded
        uint32 batches;
        uint32 corrections;
        uint32 scoredRows;
        uint32 paidMembers;
        uint32 version; // of the adapter
        uint96 potWei; // contributors' share so far
        uint96 closersWei; // part of it set aside for closing, from the first close call on
    }

    /// @notice What one receipt says of one contribution.
    struct Attribution {
        uint64 contributionId;
        uint64 leaderId; // of its cluster
        address contributor;
        uint32 row;
        int128 score; // unweighted and unshifted
        int128 clusterScore; // sum over its cluster, tombstoned members as zero
    }

    /// @notice A leaf of a version's corpus (IAdapterRegistry): tokens of one contribution, with the rarity of each.
    struct Chunk {
        uint32 index; // of the leaf, from 0
        uint32 row;
        uint32 start; // place of the first token in the contribution
        uint32[] tokens; // 1 to 64
        uint8[] rarities; // one for each
        bytes32[] path; // RFC 6962, section 2.1.1: siblings from the leaf up
    }

    /// @notice `length` tokens of the answer from `outputStart` on are those of a contribution from `corpusStart` on. The
    /// chunks are leaves that follow each other, of one row, each with at least one token of the span.
    struct SpanClaim {
        uint32 outputStart;
        uint16 length; // at least 8
        uint32 corpusStart;
        Chunk[] chunks;
    }

    /// @notice A leaf of a version's passages (IAdapterRegistry).
    struct Passage {
        uint32 index; // of the leaf, from 0
        uint32 row;
        uint32 record;
        bytes embedding; // passageDims × int8
        bytes32[] path;
    }

    /// @notice What governance may change. Hard bounds beside the types':
    struct Governed {
        uint16 contributorsBps; // 3000 to 10000
        uint16 ownerBps;
        uint16 hostBps;
        uint16 stakersBps;
        uint16 applicationBps;
        uint16 treasuryBps; // the six together 10000
        uint16 settlerCapBps; // of a fee, at most 2000
        uint16 finalizerCapBps; // of the treasury's part or a slashed bond, at most 10000
        uint16 auditorPayBps; // of the same; the two together at most 10000
        uint16 auditRateBps; // 100 to 10000
        uint16 closerCapBps; // of a pot, at most 1000
        uint16 hostSlashBps; // of the bond behind a receipt, at most 10000
        uint16 windowReceipts; // 1 to 960
        uint32 windowAgeBlocks; // 1 to 1209600
        uint32 settlementGas; // 21000 to 1000000
    }

    struct Shares {
        uint256 contributorsWei;
        uint256 ownerWei; // royalties included
        uint256 hostWei;
        uint256 stakersWei;
        uint256 applicationWei;
        uint256 treasuryWei;
        uint256 auditorsWei;
        uint256 finalizerWei;
    }

    event Deposited(address indexed requester, address indexed host, uint256 amountWei);
    event WithdrawalRequested(
        address indexed requester,
        address indexed host,
        uint256 amountWei,
        uint40 withdrawableBlock
    );
    event Withdrawn(address indexed requester, address indexed host, uint256 amountWei);
    event HostRegistered(
        address indexed host,
        uint32 indexed hostId,
        address signer,
        string endpoint,
        uint256 bondWei
    );
    event HostUpdated(address indexed host, address signer, string endpoint);
    event HostBondAdded(address indexed host, uint256 amountWei);
    event HostLeaving(address indexed host, uint40 withdrawableBlock);
    event HostLeft(address indexed host, uint256 bondWei);
    event HostSlashed(address indexed host, bytes32 indexed receiptId, uint256 amountWei);
    event AuditorRegistered(
        address indexed auditor,
        uint64 indexed baseModelId,
        uint32 auditorId,
        uint256 bondWei
    );
    event AuditorLeaving(address indexed auditor, uint64 indexed baseModelId, uint40 withdrawableBlock);
    event AuditorLeft(address indexed auditor, uint64 indexed baseModelId, uint256 bondWei);
    /// @notice An empty list takes away the one before; its grantId is zero.
    event GrantedAuditorsSet(address indexed requester, uint32 indexed grantId, address[] auditors);
    event ReceiptSettled(
        bytes32 indexed receiptId,
        address indexed requester,
        address indexed host,
        uint64 adapterId,
        uint64 windowIndex,
        uint64 batchId,
        address application,
        uint256 feeWei,
        uint96 settlerWei,
        uint256 fromReservedWei,
        uint16 weight,
        bytes32 queryRowHash,
        bytes32 receiptHash
    );
    event ReceiptNotSettled(bytes32 indexed receiptId, uint8 settlement);
    /// @notice One blob of the batch's weighted query rows is written.
    event BatchRecorded(
        uint64 indexed batchId,
        uint64 indexed adapterId,
        uint64 indexed windowIndex,
        uint32 receipts
    );
    /// @notice `auditSeed` seeds the second projection that auditors digest.
    event AuditOpened(
        bytes32 indexed receiptId,
        bytes32 auditSeed,
        address[] committee,
        uint40 commitEndBlock,
        uint40 revealEndBlock
    );
    event AuditSkipped(bytes32 indexed receiptId, uint8 flags);
    event AuditCommitted(address indexed auditor, bytes32 indexed commitment, bytes32[] receiptIds);
    event AuditRevealed(bytes32 indexed receiptId, address indexed auditor, uint8 verdict, bytes32 digest);
    event MarkedWrong(bytes32 indexed receiptId, address indexed requester);
    event ReceiptChallenged(bytes32 indexed receiptId, address indexed challenger, uint256 bondWei);
    /// @notice There are fewer auditors than seats; the bond is credited to the challenger.
    event ChallengeDropped(bytes32 indexed receiptId, address indexed challenger, uint256 bondWei);
    /// @notice `appellant` is zero where the committee's disagreement opened the appeal.
    event AppealOpened(
        bytes32 indexed receiptId,
        address indexed appellant,
        address[] electors,
        uint256 totalWei,
        uint40 commitEndBlock,
        uint40 revealEndBlock
    );
    event AppealCommitted(address indexed auditor, bytes32 indexed commitment, bytes32[] receiptIds);
    event AppealRevealed(bytes32 indexed receiptId, address indexed auditor, uint8 verdict);
    /// @param status of the receipt that the appeal ends it with
    event AppealDecided(
        bytes32 indexed receiptId,
        uint8 status,
        uint256 okWei,
        uint256 againstWei,
        uint256 totalWei
    );
    event AuditorBondAdded(address indexed auditor, uint64 indexed baseModelId, uint256 amountWei);
    /// @param cause 1 a seat without a reveal, 2 a verdict that an appeal overturned
    event AuditorSlashed(
        address indexed auditor,
        uint64 indexed baseModelId,
        bytes32 indexed receiptId,
        uint8 cause,
        uint256 amountWei
    );
    event ReceiptFinalized(bytes32 indexed receiptId, uint8 flags, Shares shares);
    /// @notice The requester's free deposit grew by `refundWei`, of which `compensationWei` came from the host's bond.
    event ReceiptReversed(
        bytes32 indexed receiptId,
        address indexed requester,
        uint8 status,
        uint256 refundWei,
        uint256 compensationWei
    );
    event WindowOpened(uint64 indexed adapterId, uint64 indexed windowIndex, uint32 indexed version);
    event WindowSummed(
        uint64 indexed adapterId,
        uint64 indexed windowIndex,
        uint8 shift,
        uint256 potWei,
        uint256 closersWei
    );
    event WindowScored(uint64 indexed adapterId, uint64 indexed windowIndex, uint32 scoredRows);
    event ContributionPaid(
        uint64 indexed contributionId,
        address indexed contributor,
        uint64 indexed adapterId,
        uint64 windowIndex,
        uint256 amountWei
    );
    event WindowClosed(
        uint64 indexed adapterId,
        uint64 indexed windowIndex,
        uint256 paidWei,
        bool attributed
    );

    /// @notice Governance has set values, which hold from this block on.
    event GovernedSet(Governed values, uint40 fromBlock);
    /// @notice The pot of a window that nobody earned, as far as it went to one version of a Datanet.
    event RemainderAdded(
        uint64 indexed datanetId,
        uint32 indexed version,
        uint64 indexed adapterId,
        uint64 windowIndex,
        uint256 amountWei
    );
    event RemainderPaid(
        uint64 indexed contributionId,
        address indexed contributor,
        uint64 indexed datanetId,
        uint32 version,
        uint256 amountWei
    );

    error ZeroAmount();
    error AmountTooHigh(uint256 amountWei, uint256 maximumWei);
    error InvalidText(); // not UTF-8, empty where a text is needed, or control characters in it
    error InvalidSigner(address signer);
    error AlreadyRegistered(address account);
    error NotRegistered(address account);
    error NothingRequested();
    error BondTooLow(uint256 bondWei, uint256 minimumWei);
    error BondLocked(uint40 withdrawableBlock);
    error ReceiptsOpen(uint256 openFeesWei);
    error UnknownBaseModel(uint64 baseModelId);
    error TooManyAuditors(uint256 maximum);
    error InvalidAuditors(); // a list that is not ascending, or names the zero address or its owner
    error UnknownGrant(uint32 grantId);
    error UnknownReceipt(bytes32 receiptId);
    error UnknownAdapter(uint64 adapterId);
    error UnknownWindow(uint64 adapterId, uint64 windowIndex);
    error FactsMismatch(bytes32 receiptId);
    error NotRequester(address caller);
    error NotInCommittee(bytes32 receiptId, address caller);
    error AlreadyCommitted(bytes32 receiptId);
    error AlreadyMarked(bytes32 receiptId);
    error ZeroCommitment();
    error WrongBond(uint256 bondWei, uint256 expectedWei);
    error OwnReceipt(bytes32 receiptId); // the host may not challenge its receipt
    error AlreadyChallenged(bytes32 receiptId);
    error NotElector(bytes32 receiptId, address caller);
    error BondNotNeeded(bytes32 receiptId); // the committee disagrees: openAppeal
    error UnknownCommitment(bytes32 commitment);
    error InvalidVerdict(uint8 verdict);
    error LengthMismatch();
    error WrongStatus(bytes32 receiptId, uint8 status);
    error TooEarly(uint64 fromBlock);
    error TooLate(uint64 lastBlock);
    error WindowNotReady(uint64 adapterId, uint64 windowIndex);
    error ZeroWork();
    error InvalidRow();
    error UnknownVersion(uint64 id, uint32 version); // of a Datanet (frozen ones) or an adapter
    error SpanTooShort(uint32 index);
    error SpanOverlap(uint32 index); // it starts before the one before it ends
    error SpanMismatch(uint32 index); // not in the answer, not in the chunks, or chunks that do not belong together
    error BadProof(uint32 index); // a leaf that is not in the version's tree
    error NotGovernance(address caller);
    error OutOfBounds(uint8 field); // the first that is: place in Governed, from 0; a sum by its last field
    error UnknownMember(uint32 member); // not that many in the version

    /// @notice Adds to the caller's deposit for `host`, which pays only that host, or for all hosts (zero address).
    /// Errors: ZeroAmount.
    function deposit(address host) external payable;

    /// @notice Announces a withdrawal; a later call replaces it. The money still pays receipts meanwhile. Errors:
    /// ZeroAmount, AmountTooHigh.
    function requestWithdraw(address host, uint96 amountWei) external returns (uint40 withdrawableBlock);

    /// @notice Pays out what was announced, as far as it is still there. Errors: NothingRequested, TooEarly, SystemAccount.
    function withdraw(address host) external returns (uint256 amountWei);

    /// @notice Registers the caller as a host. `signer` signs its receipts. The value is the bond, which must reach
    /// hostBondMultiple times the fees of its receipts that are not final, or further ones do not settle. Errors:
    /// InvalidSigner (zero, or of the system), BoundExceeded (the
    /// endpoint has 1 to 256 bytes), InvalidText, AlreadyRegistered, BondTooLow.
    function registerHost(address signer, string calldata endpoint) external payable returns (uint32 hostId);

    /// @notice Of an active host. Errors: NotRegistered, InvalidSigner, BoundExceeded, InvalidText.
    function updateHost(address signer, string calldata endpoint) external;

    /// @notice Of a host whose bond has not left. Errors: ZeroAmount, NotRegistered.
    function addHostBond() external payable;

    /// @notice Starts leaving: receipts settle until `withdrawableBlock`. Errors: NotRegistered.
    function deregisterHost() external returns (uint40 withdrawableBlock);

    /// @notice Credits the bond once every receipt is final. The account can register again. Errors: NotRegistered,
    /// BondLocked,
    /// ReceiptsOpen.
    function withdrawHostBond() external returns (uint256 amountWei);

    /// @notice Registers the caller as an auditor of receipts on adapters of this base model. The value is the bond. At
    /// most 64 of
    /// a base model. Errors: UnknownBaseModel, AlreadyRegistered, BondTooLow, TooManyAuditors.
    function registerAuditor(uint64 baseModelId) external payable returns (uint32 auditorId);

    /// @notice Adds to the bond of the caller, an active auditor. It counts for draws and appeals from now on. Errors:
    /// ZeroAmount, NotRegistered.
    function addAuditorBond(uint64 baseModelId) external payable;

    /// @notice No new committee or appeal has the caller from now on; open duties remain. Errors:
    /// NotRegistered.
    function deregisterAuditor(uint64 baseModelId) external returns (uint40 withdrawableBlock);

    /// @notice Credits the bond. Errors: NotRegistered, BondLocked.
    function withdrawAuditorBond(uint64 baseModelId) external returns (uint256 amountWei);

    /// @notice Names the auditors, at most 16, that may be drawn for the caller's receipts of audit class 1 which settle
    /// from
    /// now on. Receipts keep the list of their settlement. Addresses ascend; an empty list takes the caller's list away.
    /// Errors: BoundExceeded, InvalidAuditors.
    /// @return grantId of the list, a new one at each call; zero for an empty list
    function setGrantedAuditors(address[] calldata auditors) external returns (uint32 grantId);

    /// @notice Settles receipts. Never reverts for one of them: each has its settlement code in `settlements`.
    /// Errors: TooLate, BoundExceeded (1 to 64 receipts).
    /// @param lastBlock the call reverts with TooLate, before any work, in a block after this one; zero for no such guard
    function settle(
        SignedReceipt[] calldata receipts,
        uint64 lastBlock
    ) external returns (uint8[] memory settlements);

    /// @notice Draws the audits of receipts settled in an earlier block. seed = keccak256(randomness ‖ receiptId), with the
    /// prevRandao of the block after the receipt's (of the newest block a multiple of 8192 later, if that is forgotten).
    /// The receipt is audited when uint256(seed) mod 10000 < auditRateBps. Seat i (from 0) goes to auditor number
    /// uint256(keccak256(seed ‖ uint8 i)) mod (sum of the bonds left), counted over the bonds of the auditors not yet
    /// seated in the order of auditorsOf: registered in or before the block in which the receipt settled, neither the host
    /// nor its signer, and in audit class 1 on the requester's list. With fewer auditors than seats the receipt is
    /// unaudited.
    /// A challenged receipt is audited without the lottery, with the prevRandao of the block after the challenge, and never
    /// by the challenger; with fewer auditors than seats the challenge is dropped and the receipt unaudited. Receipts that
    /// cannot be drawn now stay as they are. Errors: BoundExceeded (1 to 64 receipts), UnknownReceipt.
    /// @return statuses of the receipts after the call
    function drawAudits(bytes32[] calldata receiptIds) external returns (uint8[] memory statuses);

    /// @notice Commits the caller's verdicts on several receipts at once. Errors: BoundExceeded (1 to 64), ZeroCommitment,
    /// then for each receipt UnknownReceipt, WrongStatus, NotInCommittee, TooLate, AlreadyCommitted.
    /// @param commitment keccak256(abi.encode(auditor, receiptIds, verdicts, digests, salt))
    function commitAudit(bytes32[] calldata receiptIds, bytes32 commitment) external;

    /// @notice Reveals them, once the whole committee has committed or the commit window has closed. Two digests agree
    /// when at most 2 of their first 80 bits differ. No more reveals can come once all who committed have revealed and
    /// no more commits can come, and after `revealEndBlock`. Errors: BoundExceeded, LengthMismatch, UnknownCommitment,
    /// then for
    /// each receipt UnknownReceipt, WrongStatus, NotInCommittee, TooLate, TooEarly, InvalidVerdict.
    function revealAudit(
        bytes32[] calldata receiptIds,
        uint8[] calldata verdicts,
        bytes32[] calldata digests,
        bytes32 salt
    ) external;

    /// @notice The requester says that the answer was wrong: the query row will not count. Within the challenge window.
    /// Errors:
    /// UnknownReceipt, FactsMismatch, NotRequester, WrongStatus, TooLate, AlreadyMarked.
    function markWrong(ReceiptFacts calldata facts) external;

    /// @notice Has a settled receipt audited that is not drawn, for a bond of exactly receiptChallengeBondWei, within its
    /// challenge window. Anyone but the host may, once; a receipt that is unaudited by then (flag 2: class 2, most of all)
    /// only its requester, because an audit lets auditors read the input. Refused with WrongStatus (2) where the receipt's
    /// own draw, which this call makes if it can be made, gives it a committee: then drawAudits opens the audit.
    /// An answer that was not delivered is challenged like this too: the auditors ask the host for input and output, and
    /// find `unavailable` what it does not give them.
    /// The bond: final, half of it (floor) to the paid auditors in equal parts (floor) and the rest to the host;
    /// rejected or
    /// refunded, back to the challenger. Errors: UnknownReceipt, FactsMismatch, WrongBond, WrongStatus, OwnReceipt,
    /// AlreadyChallenged, NotRequester, TooLate, and WrongStatus after the draw.
    function challengeReceipt(ReceiptFacts calldata facts) external payable;

    /// @notice Opens the appeals of receipts whose committee disagrees: no more reveals can come, at least one seat says ok
    /// and at least one is against. Others stay as they are; facts that do not match revert.
    /// Electors: the auditors in auditorsOf when the appeal opens that registered in or before the block in which the
    /// receipt settled, in that order, without host, signer, requester and challenger. Their bonds as of the opening are
    /// the
    /// weights of their votes, whatever becomes of the bonds meanwhile.
    /// Errors: BoundExceeded (1 to 64), UnknownReceipt, FactsMismatch.
    /// @return statuses of the receipts after the call
    function openAppeal(ReceiptFacts[] calldata facts) external returns (uint8[] memory statuses);

    /// @notice Appeals against what a committee found, or did not find, for a bond of exactly appealBondWei. By anyone,
    /// from when no more reveals can come until `appealEndBlock`: appealBlocks after the block of the last reveal, where
    /// all
    /// who committed have revealed, after `commitEndBlock`, where nobody committed, else after `revealEndBlock`. Not where
    /// the committee disagrees, which needs no bond.
    /// The bond: back to the appellant when the appeal ends the receipt otherwise than the committee's majority, or the
    /// committee had none; else half of it (floor) to the electors who voted for that side in equal parts (floor) and the
    /// rest to the treasury. Errors: UnknownReceipt, FactsMismatch, WrongBond, WrongStatus, TooEarly, BondNotNeeded,
    /// TooLate.
    function appealReceipt(ReceiptFacts calldata facts) external payable;

    /// @notice Commits the caller's votes in several appeals at once. Errors as in commitAudit, NotElector for
    /// NotInCommittee.
    /// @param commitment keccak256(abi.encode(auditor, receiptIds, verdicts, salt))
    function commitAppeal(bytes32[] calldata receiptIds, bytes32 commitment) external;

    /// @notice Reveals them, once all electors have committed or the commit window has closed. Errors as in revealAudit,
    /// NotElector for NotInCommittee.
    function revealAppeal(
        bytes32[] calldata receiptIds,
        uint8[] calldata verdicts,
        bytes32 salt
    ) external;

    /// @notice Ends receipts whose challenge window, audit and appeal are over: pays, or refunds and slashes. Opens
    /// audits and
    /// appeals that are due and were not opened. Permissionless and idempotent; never reverts for one receipt.
    /// Of the codes the first in this order that holds: 6, 4, 7, then 9, 10 or 5, and 8. Errors: BoundExceeded (1 to 64),
    /// LengthMismatch.
    /// @param queryRows the row where it must be taken out of the window (rejected, refunded, marked wrong), else empty
    /// @return finalisations one code per receipt
    function finalize(
        ReceiptFacts[] calldata facts,
        bytes[] calldata queryRows
    ) external returns (uint8[] memory finalisations);

    /// @notice Works on the adapter's oldest window that is not closed: scores rows and pays members, `maxWork` of both
    /// together, rounded up to the piece in which they are stored. Permissionless; paid out of the pot by
    /// min(baseFee · closeGasPerRow · rows, pot · closerCapBps / 10000), fixed when the closing begins, in parts: all
    /// calls together have had
    /// floor(that · done / (2 · rows)) of it when so many rows are scored and members paid. A pot that nobody earned
    /// leaves whole
    /// with the first call that pays, as if all members were paid. Scores are stored in pieces of as many rows as 16
    /// chunks of
    /// IAdapterRegistry have, 1535 at most. Errors: ZeroWork, UnknownAdapter, WindowNotReady.
    /// @return windowIndex worked on
    /// @return state after the call
    function closeWindow(
        uint64 adapterId,
        uint32 maxWork
    ) external returns (uint64 windowIndex, uint8 state);

    /// @notice closeWindow for several adapters with one budget: each in its turn, as far as `maxWork` is left; one that
    /// is named twice can have two windows closed. At most 64. Adapters that do not exist, have no window that is ready, or
    /// for which no work is left, are skipped. Closing a window without a pot is no work. Errors: BoundExceeded, ZeroWork.
    /// @return windowIndices worked on, zero where an adapter was skipped
    /// @return states of these windows after the call, zero where an adapter was skipped
    function closeWindows(
        uint64[] calldata adapterIds,
        uint32 maxWork
    ) external returns (uint64[] memory windowIndices, uint8[] memory states);

    /// @notice Credits contributors their parts of the pots that nobody earned. Permissionless; members that are
    /// tombstoned are skipped, and so are those to whom less than one wei is due. Errors: BoundExceeded, UnknownVersion,
    /// UnknownMember.
    /// @param members places in the frozen version, from 0; at most 64
    /// @return amountWei credited to all of them
    function claimRemainder(
        uint64 datanetId,
        uint32 version,
        uint32[] calldata members
    ) external returns (uint256 amountWei);

    /// @notice Sets all governed values, by parameters.governanceAddress only (where that is zero, nobody may). They hold
    /// from the next block on; set again in one block, the last count. A receipt settles by the values of its block, is
    /// drawn and ends by those of the block in which that happens, and a window by those of the blocks in which it takes
    /// receipts and starts to close.
    function setGoverned(Governed calldata values) external returns (uint40 fromBlock);

    // Views fail with UnknownReceipt, NotRegistered, UnknownGrant, UnknownWindow, UnknownVersion and UnknownMember for what
    // is not there, pages with BoundExceeded for a count that is not 1 to 256.

    function domainSeparator() external view returns (bytes32 separator);

    function getReceipt(bytes32 receiptId) external view returns (Receipt memory receipt);

    function getAudit(bytes32 receiptId) external view returns (Audit memory audit);

    function committee(bytes32 receiptId) external view returns (address[] memory auditors);

    function getChallenge(bytes32 receiptId) external view returns (ReceiptChallenge memory challenge);

    /// @notice WrongStatus for a receipt that was never appealed.
    function getAppeal(bytes32 receiptId) external view returns (Appeal memory appeal);

    function depositOf(address requester, address host) external view returns (Deposit memory info);

    function hostInfo(address host) external view returns (Host memory info);

    function auditorInfo(address account, uint64 baseModelId) external view returns (Auditor memory info);

    function auditorsOf(uint64 baseModelId) external view returns (address[] memory accounts);

    /// @return grantId of the requester's list of auditors; zero where there is none, with an empty list
    function grantOf(
        address requester
    ) external view returns (uint32 grantId, address[] memory auditors);

    /// @notice A list that was ever set, also one that another has followed.
    function grantedAuditors(uint32 grantId) external view returns (address[] memory auditors);

    function getWindow(uint64 adapterId, uint64 windowIndex) external view returns (Window memory window);

    /// @return newest index, from 1; zero before the first
    /// @return closed how many are closed; the oldest that is not has the index after it
    function windowsOf(uint64 adapterId) external view returns (uint64 newest, uint64 closed);

    /// @return query k int16, big endian, of a summed window; WindowNotReady for another
    function windowQuery(uint64 adapterId, uint64 windowIndex) external view returns (bytes memory query);

    /// @return scores of rows from `start`, as far as they are scored
    function windowScores(
        uint64 adapterId,
        uint64 windowIndex,
        uint32 start,
        uint32 count
    ) external view returns (int128[] memory scores);

    /// @return amountsWei that each member gets or got, from member `start`, once every row is scored; zeros where no
    /// cluster's sum is positive. Until the first member is paid, a tombstone can still change them
    function windowShares(
        uint64 adapterId,
        uint64 windowIndex,
        uint32 start,
        uint32 count
    ) external view returns (uint256[] memory amountsWei);

    /// @notice The signed score of each contribution for one settled receipt alone, unweighted and unshifted. Errors:
    /// BoundExceeded, UnknownReceipt, FactsMismatch, InvalidRow.
    function score(
        ReceiptFacts calldata facts,
        bytes calldata queryRow,
        uint32 start,
        uint32 count
    ) external view returns (int128[] memory scores);

    /// @return amountWei that claimRemainder would credit for a member of a frozen version; zero when it is tombstoned
    function remainderOf(
        uint64 datanetId,
        uint32 version,
        uint32 member
    ) external view returns (uint256 amountWei);

    /// @return current values, genesis's until governance has set others
    /// @return next values, the same unless others were set in this block
    /// @return nextFromBlock block from which the next hold, zero where they are the same
    function governed()
        external
        view
        returns (Governed memory current, Governed memory next, uint40 nextFromBlock);

    /// @notice How contributions shaped one settled receipt: those of the rows from `start` on. A positive score says that
    /// the contribution pulled the model towards this answer, a negative one that it pulled away, zero that it has no part
    /// in it (rows of flagged members are zeros). A cluster of near-duplicates counts as one: in a window with this receipt
    /// alone, the clusters with a positive clusterScore would share the pot in its proportion. What a window pays
    /// follows from the sum of
    /// its receipts, so a negative score here takes from what another receipt gives.
    function attributionOf(
        ReceiptFacts calldata facts,
        bytes calldata queryRow,
        uint32 start,
        uint32 count
    ) external view returns (Attribution[] memory attributions);

    /// @notice Checks literal spans of an answer against a version's corpus. At most 2,048 tokens and 64 spans, which
    /// ascend by outputStart and do not overlap in the answer; all of it must fit the 128 KB of an input. Errors name
    /// the first span that is wrong, by its place: SpanOverlap,
    /// SpanTooShort, SpanMismatch, BadProof; before them BoundExceeded, UnknownAdapter, UnknownVersion.
    /// @return rows of the contributions that the spans are from
    /// @return weights sum of the rarities of each span's tokens
    function scoreSpans(
        uint64 adapterId,
        uint32 version,
        uint32[] calldata outputTokens,
        SpanClaim[] calldata spans
    ) external view returns (uint32[] memory rows, uint32[] memory weights);

    /// @notice Whether a claimed span is refuted by another, which is checked as in scoreSpans (errors name it as 1), has a
    /// token of the answer in common with it, and is longer. Of the claimed one only outputStart and length matter; they
    /// must be in the answer (else SpanMismatch(0)). One of length zero has no token.
    function longerSpan(
        uint64 adapterId,
        uint32 version,
        uint32[] calldata outputTokens,
        SpanClaim calldata claimed,
        SpanClaim calldata better
    ) external view returns (bool isLonger);

    /// @notice Checks passages against a version's tree and ranks them for a query of passageDims int8. At most 64.
    /// Errors: BoundExceeded, UnknownAdapter, UnknownVersion, LengthMismatch, BadProof (by the passage's place).
    /// @return products Σ query_i · embedding_i of each
    /// @return sorted whether they descend, among equals the lower index first
    function scorePassages(
        uint64 adapterId,
        uint32 version,
        bytes calldata queryEmbedding,
        Passage[] calldata passages
    ) external view returns (int64[] memory products, bool sorted);
}
