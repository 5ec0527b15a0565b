// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IClaimable} from "./IClaimable.sol";
import {IProofOfAttribution} from "./IProofOfAttribution.sol";

/// @title Datanets, contributions and frozen versions, at 0x0000000000000000000000000000000016120001
/// @notice Blocks are block numbers; bps are hundredths of a percent; amounts are wei. Ids start at 1; contribution ids
/// are given in commit order over all Datanets.
///
/// Errors are listed in the order of their checks. Before them come the bounds of lists, counts and pages
/// (BoundExceeded, also when there is none of them), then ids that are unknown; a method that checks ids later lists
/// them. The items of a list are checked one after the other. Of a text the length is checked first.
///
/// Kinds of Datanets: 0 text classification, 1 retrieval, 2 generation.
/// Policies: 0 open (scorers bond themselves in), 1 curated (scorers are appointed), 2 private (as curated, and the
/// content is for those whom the Datanet gives access). Name, kind and policy never change.
/// Roles (bits): 1 manager (updateDatanet, setTerms, appointScorer, dismissScorer, plantKnownAnswer), 2 freezer
/// (freezeVersion), 4 access manager (grantAccess, revokeAccess). The owner has all of them.
/// Kinds of contributions: 0 records, 1 labels for the records of another contribution (its target), 2 correction
/// (records that supersede those of its target), 3 feedback on receipts by their requester.
/// Contribution status: 0 none, 1 committed, 2 revealed, 3 scoring, 4 accepted, 5 rejected (quality below the
/// threshold), 6 refuted (what was claimed is not what scorers found), 7 duplicate (content root of an earlier commit),
/// 8 expired (not revealed in time), 9 returned (too few scorers, or its target had gone before the reveal), 10 waiting
/// (for the draw of its panel), 11 challenged, 12 planted (a known answer; never a member of a version). The bond is
/// kept for the treasury in 6 and 8, shared after a challenge that is upheld, and goes back otherwise.
/// Contribution flags: 1 the index of near-duplicates was full for it, compare by hand.
/// Reasons of reports and rejections: 0 none, 1 quality, 2 off topic, 3 licence, 4 personal data, 5 harmful, 6 spam,
/// 7 other.
/// Member flags: 1 superseded, 2 without row. Access status: 0 none, 1 requested, 2 granted, 3 expired, 4 revoked.
/// Credit reasons: 1 bond returned, 2 bond kept (treasury), 3 scorer's bond returned (ref: Datanet), 4 surplus
/// (treasury), 5 bounty, 6 scorer's pay, 7 purse withdrawn (ref: Datanet), 8 challenger's bond returned, 9 part of a
/// bond won by a challenge, 10 bond of a lost challenge. Where nothing else is said, ref is the contribution's id.
///
/// Order. Contributions of a Datanet are ordered as they were committed: each when all before it are revealed, or their
/// reveal windows are over. Of contributions with one content root, of whatever Datanets, the earliest commit that is
/// revealed by then stands, also beside a later commit that was ordered before. Once the one that stands has ended
/// without being accepted, or fallen, the content is free again: for whichever commit is revealed or ordered next.
///
/// Sponsors. Whoever sends commitContributionFor pays bond and gas of a contribution that its contributor signed for
/// (EIP-712; domain: name "OpenLedger", version "1", the chain's id, this address):
///   Commit(uint64 datanetId,bytes32 commitment,address sponsor,uint256 nonce,uint64 deadlineBlock,bytes32 genesisHash)
/// with nonce = nonces(contributor) and the chain's own genesisHash, which is not sent. The signature is r ‖ s ‖ v,
/// low-s. All credit is the contributor's; the bond goes back to the sponsor.
///
/// Near-duplicates. A MinHash signature is 128 big-endian uint32. Band b (0 to 17) is bytes [28·b, 28·b + 28). A bucket
/// is keccak256(uint64 datanetId ‖ uint8 space ‖ uint64 targetId ‖ uint8 band ‖ band bytes) and holds the ids of at
/// most 16 cluster leaders. Labels of one target are compared among themselves: space 1 and that target; everything
/// else has space 0 and target 0. So a correction that keeps most of its target joins the target's cluster. A
/// contribution is compared with every leader in its 18 buckets, in the order of their ids; the first with at least 103
/// equal values takes it in. Novelty is floor((128 − equal) · 10000 / 128) bps; a leader has 10000. Clusters never
/// merge.
///
/// Panels. Whoever may be on a panel is fixed when the contribution is ordered, and again when it is to be drawn a
/// second time or is challenged: the seats that score then, but the contributor's and the sponsor's. For a challenge
/// the challenger's is not among them either, nor are those that reported in the deciding round, as long as 3 (open) or
/// 1 (else) others are left. Who took over the seat of one that reported has not reported.
/// Curated and private: all of them are on it, with weight 1. Without any a contribution is returned at once. A scorer
/// who was dismissed since can neither commit nor reveal.
/// Open: drawScorers draws `scorerPanel` of those that still hold their seat, leaving ones included (all, when they are
/// fewer). seed = keccak256(randomness ‖ uint64 contributionId ‖ uint8 round), with the prevRandao of the block after
/// the one in which the candidates were fixed (of the newest block a multiple of 8192 later, if that is forgotten).
/// Draw i (from 0) falls on candidate number uint256(keccak256(seed ‖ uint8 i)) mod (sum of the bonds left), counted
/// over the bonds of the candidates not yet drawn in the order of their seats. Where fewer than 3 still hold their seats
/// the draw ends the round: the contribution is returned, or stays accepted after a challenge. A scorer's weight is min(65535, floor(bond / scorerBondWei)).
/// The panel's order is that of its seats. Windows of `scoreCommitBlocks` and then `scoreRevealBlocks` start with the panel.
///
/// Decision. It needs 3 reports (open), or the lesser of 3 and the panel's size (else). Reports whose root, counts or
/// signature differ from the claim refute it when they have more than half of the weight of all reports. Otherwise the
/// lower weighted median decides: the smallest quality at which the reports up to it have half of the weight or more.
/// It is accepted when it reaches the contribution's threshold. A rejection has the reason with the most weight among
/// the reports below the threshold, the lower code among equals. Without enough reports an open Datanet's contribution
/// is drawn once more (round 2); after that, or elsewhere, it is returned.
/// Of several corrections of one target the first that is accepted supersedes it, until that one falls by a challenge
/// or as a known answer.
///
/// Challenges. Accepted contributions can be challenged until `contributionChallengeBlocks` after the decision, once.
/// Bond and bounty stay as long; then anybody may release both, the bond to who paid it and the bounty to the
/// contributor. A challenge is decided like a first scoring (round 3, never drawn again). Accepted again: the
/// challenger's bond goes to the contributor. No quorum: the challenger gets it back, and the contribution stays
/// accepted. Rejected or refuted: the challenger gets it back, and half of the contribution's bond, floor; the rest
/// goes to the treasury, and the bounty back into the purse. In any case the challenge period ends with the block of
/// that decision.
///
/// Purse. Anybody may fund it. A bounty of floor(bountyPerRecordWei · recordCount · noveltyBps / 10000), or what the
/// purse has left of that, is set aside when a contribution is accepted. Scorers are paid after that, at every
/// decision: each report on the side that decided (accepted: not differing and at or above the threshold; rejected: not
/// differing and below it; refuted: differing) earns scorerPayWei, or floor(scorerPayWei · max(0, 2·hits − tests) /
/// tests) once its seat has met 4 known answers, if its author still has the seat. When the purse is short of all that,
/// each gets at most floor(purse / number of those who earned something).
///
/// Known answers are contributions whose quality is known to who planted them, by which scorers are measured. A manager
/// plants the commitment before the panel is fixed; the contributor, who agrees to it by that, reveals it once the
/// contribution is accepted or rejected. Each report of its last round counts as a test of its author, if that one
/// still has the seat, and as a hit when it does not differ and its quality is from minQualityBps to maxQualityBps.
/// Nobody is slashed by known answers, for whoever plants them chooses them.
///
/// Versions. The first piece of a freeze fixes its end, the contributions ordered by then, and its block. Members are,
/// in commit order, the contributions before the end that are accepted and could not be challenged any more in that
/// block; so they are the same in however many pieces they are gathered. A member is superseded when a correction that
/// is a member too stands for it, and without row when it has fewer than `privateRecordsMin` records and the Datanet is
/// private. Flagged members have rows of zeros in every adapter. A superseded original stays so that its cluster's pay
/// is shared by novelty. A tombstone stops the attribution to a contribution; its membership and its place as a leader
/// stay.
/// Content root of a version: the Merkle tree hash of RFC 6962, section 2.1, with keccak256, over the members in commit
/// order; a leaf's data is uint64 contributionId ‖ bytes32 contentRoot, big endian.
///
/// Access to the content of a private Datanet is for its owner and for whom it is granted to, until the grant's last
/// block. The content key travels in events, wrapped to the public key of the request. Each revocation begins a new key
/// epoch: the content key is changed off the chain, for whoever had the old one still has it. What is on the chain is
/// public also of a private Datanet: counts, content roots, MinHash signatures (made with a key of the Datanet's),
/// scores.
interface IDatanetRegistry is IClaimable {
    /// @notice What a Datanet asks for and offers. A contribution keeps the threshold and the bounty of its commit's
    /// block, whatever changes later.
    struct Terms {
        uint96 minBondWei; // least bond of a contribution
        uint16 acceptThresholdBps; // least median quality that is accepted, 0 to 10000
        uint96 bountyPerRecordWei; // for each record of an accepted contribution
        uint96 scorerPayWei; // for each report on the side that decides, at the terms of the decision's block
    }

    struct Datanet {
        address owner;
        address pendingOwner; // may accept the ownership; or zero
        uint8 kind;
        uint8 policy;
        Terms terms;
        uint8 scorers; // that score now; leaving ones do not
        uint32 versions; // frozen ones
        uint32 keyEpoch; // grows with every revocation of access
        uint64 commits; // contributions ever committed
        uint64 ordered; // of these, how many are ordered, refused or expired
        uint96 purseWei; // what the purse can still promise
        uint96 promisedWei; // set aside for bounties of accepted contributions
        uint96 purseLeavingWei; // announced to be withdrawn
        uint40 purseWithdrawableBlock; // first block in which it may be; zero when nothing is announced
        string name;
        string licence; // SPDX id
        string metadataCid;
    }

    /// @notice What a contributor says about its content.
    struct Claim {
        uint8 kind;
        uint64 targetId; // of labels and corrections; else 0
        bytes32 contentRoot; // sha2-256 of the canonical content, the digest inside its CID
        uint32 recordCount; // of feedback: one record for each receipt
        uint64 byteCount;
        bytes minhash; // 128 big-endian uint32
        bytes32 salt;
        IProofOfAttribution.ReceiptFacts[] receipts; // of feedback, 1 to 16; else none
    }

    struct Contribution {
        uint64 datanetId;
        address contributor;
        address sponsor; // who paid the bond, when it was not the contributor; else zero
        uint8 kind;
        uint64 targetId;
        uint64 supersededBy; // the accepted correction that stands for it; or zero
        uint8 status;
        uint8 flags;
        uint16 noveltyBps;
        uint16 qualityBps; // the median that scorers agreed on, once resolved; zero when refuted
        uint8 reason; // of a rejection
        uint32 recordCount;
        uint64 byteCount;
        uint64 leaderId; // the cluster's leader; its own id for a leader
        uint64 position; // place in the Datanet's commit order, from 0
        uint96 bondWei; // still held
        uint40 commitBlock;
        uint16 acceptThresholdBps; // the Datanet's at the commit
        uint96 bountyPerRecordWei; // the Datanet's at the commit
        uint8 round; // of its scoring: 0 none yet, 1, 2 drawn again, 3 challenge
        uint40 panelBlock; // in which it was fixed who may be on the round's panel
        uint40 scoreCommitEndBlock; // last block in which a score may be committed; zero while the panel is not drawn
        uint40 scoreRevealEndBlock; // last block in which a score may be revealed
        uint40 challengeEndBlock; // last block in which it may be challenged, once it is accepted
        address challenger; // or zero
        uint96 challengeBondWei; // still held
        uint96 bountyWei; // still set aside
        bytes32 commitment; // zero once revealed, or returned at the reveal
        bytes32 contentRoot;
    }

    struct Version {
        bool frozen;
        uint32 memberCount;
        uint64 recordCount;
        uint64 scannedTo; // position in commit order up to which contributions were looked at
        uint64 endPosition; // up to which they will be
        uint40 startBlock; // of the first piece
        uint40 frozenBlock;
        bytes32 contentRoot;
    }

    struct Member {
        uint64 contributionId;
        uint64 leaderId;
        uint16 noveltyBps;
        uint32 recordCount;
        address contributor;
        uint8 flags;
    }

    struct Access {
        uint8 status;
        uint40 requestedBlock; // of the last request; or zero
        uint40 untilBlock; // last block of the grant
    }

    struct ScorerInfo {
        bool seated; // has a seat, be it to the end of leaving
        uint8 seat;
        uint96 bondWei;
        uint32 tests; // known answers met in this seat
        uint32 hits; // of these, met rightly
        uint40 withdrawableBlock; // of the bond; zero while the account scores
    }

    struct PanelSeat {
        uint8 seat;
        address account; // zero when who had the seat has it no more
        uint16 weight;
        bool committed;
        bool revealed;
        uint16 qualityBps; // and the rest, once revealed
        bool differs; // from the contributor's claim
        uint8 reason;
    }

    /// @notice What a scorer found in the content itself.
    struct ScoreReport {
        uint16 qualityBps; // 0 to 10000
        uint8 reason; // why the quality is low; counts when the contribution is rejected
        bytes32 contentRoot;
        uint32 recordCount;
        uint64 byteCount;
        bytes32 minhashHash; // keccak256 of the 512 signature bytes
    }

    event DatanetCreated(
        uint64 indexed datanetId,
        address indexed owner,
        uint8 kind,
        uint8 policy,
        string name,
        string licence,
        string metadataCid,
        Terms terms
    );
    event DatanetUpdated(uint64 indexed datanetId, string licence, string metadataCid);
    event TermsSet(uint64 indexed datanetId, Terms terms);
    /// @notice `newOwner` may accept; zero takes an offer back.
    event OwnershipOffered(uint64 indexed datanetId, address indexed owner, address indexed newOwner);
    event OwnershipTransferred(uint64 indexed datanetId, address indexed previousOwner, address indexed owner);
    event RolesSet(uint64 indexed datanetId, address indexed account, uint8 roles);
    event PurseFunded(uint64 indexed datanetId, address indexed from, uint256 amountWei);
    event PurseRequested(uint64 indexed datanetId, uint96 amountWei, uint40 withdrawableBlock);
    event PurseWithdrawn(uint64 indexed datanetId, address indexed owner, uint256 amountWei);
    event ScorerAppointed(uint64 indexed datanetId, address indexed scorer, uint8 seat, uint96 bondWei);
    event ScorerDismissed(uint64 indexed datanetId, address indexed scorer, uint8 seat);
    event ScorerLeaving(uint64 indexed datanetId, address indexed scorer, uint40 withdrawableBlock);
    event ContributionCommitted(
        uint64 indexed contributionId,
        uint64 indexed datanetId,
        address indexed contributor,
        address sponsor,
        bytes32 commitment,
        uint96 bondWei,
        uint64 position
    );
    event ContributionRevealed(
        uint64 indexed contributionId,
        uint64 indexed datanetId,
        address indexed contributor,
        uint8 kind,
        uint64 targetId,
        bytes32 contentRoot,
        uint32 recordCount,
        uint64 byteCount,
        bytes32 minhashHash
    );
    /// @notice The contribution is feedback on these receipts. Comes before ContributionRevealed.
    event FeedbackRevealed(uint64 indexed contributionId, bytes32[] receiptIds);
    /// @notice The contribution has its place and its cluster; scorers may commit until `scoreCommitEndBlock`, which is
    /// zero when the panel is to be drawn first.
    event ContributionOrdered(
        uint64 indexed contributionId,
        uint64 indexed datanetId,
        uint64 leaderId,
        uint16 noveltyBps,
        uint8 flags,
        uint40 scoreCommitEndBlock,
        uint40 scoreRevealEndBlock
    );
    /// @notice `status` is duplicate, expired, or returned when the target had gone before the reveal; `duplicateOf` is
    /// the earlier commit, or zero.
    event ContributionRefused(
        uint64 indexed contributionId,
        uint64 indexed datanetId,
        uint8 status,
        uint64 duplicateOf
    );
    event PanelDrawn(
        uint64 indexed contributionId,
        uint64 indexed datanetId,
        uint8 round,
        address[] scorers,
        uint16[] weights,
        uint40 scoreCommitEndBlock,
        uint40 scoreRevealEndBlock
    );
    event ScoresCommitted(address indexed scorer, bytes32 indexed commitment, uint64[] contributionIds);
    event ScoreRevealed(
        uint64 indexed contributionId,
        address indexed scorer,
        bool matches,
        uint16 qualityBps,
        uint8 reason,
        bytes32 contentRoot,
        uint32 recordCount,
        uint64 byteCount,
        bytes32 minhashHash
    );
    /// @notice A round of scoring ended; `status` is waiting when another follows. Quality and reason are the round's: zero
    /// without a quorum. Credits of bonds come before it, scorers' pay after it.
    event ContributionResolved(
        uint64 indexed contributionId,
        uint64 indexed datanetId,
        uint8 status,
        uint16 qualityBps,
        uint8 reason,
        uint8 round,
        uint8 reveals
    );
    /// @notice Scorers may commit until `scoreCommitEndBlock`, which is zero when the panel is to be drawn first.
    event ContributionChallenged(
        uint64 indexed contributionId,
        uint64 indexed datanetId,
        address indexed challenger,
        uint8 reason,
        string evidenceCid,
        uint40 scoreCommitEndBlock,
        uint40 scoreRevealEndBlock
    );
    event ContributionReleased(
        uint64 indexed contributionId,
        uint64 indexed datanetId,
        uint256 bondWei,
        uint256 bountyWei
    );
    event KnownAnswerPlanted(uint64 indexed datanetId, bytes32 indexed commitment);
    event KnownAnswerRevealed(
        uint64 indexed contributionId,
        uint64 indexed datanetId,
        uint16 minQualityBps,
        uint16 maxQualityBps,
        uint32 tests,
        uint32 hits
    );
    event VersionExtended(
        uint64 indexed datanetId,
        uint32 indexed version,
        uint32 memberCount,
        uint64 scannedTo
    );
    event VersionFrozen(
        uint64 indexed datanetId,
        uint32 indexed version,
        uint32 memberCount,
        uint64 recordCount,
        bytes32 contentRoot
    );

    /// @notice Attribution to the contribution stops.
    event ContributionTombstoned(uint64 indexed contributionId, uint64 indexed datanetId, address indexed by);

    event AccessRequested(
        uint64 indexed datanetId,
        address indexed account,
        bytes publicKey,
        string purposeCid
    );
    event AccessGranted(
        uint64 indexed datanetId,
        address indexed account,
        uint40 untilBlock,
        uint32 keyEpoch,
        bytes wrappedKey
    );
    event AccessRevoked(uint64 indexed datanetId, address indexed account, uint32 keyEpoch);

    error UnknownDatanet(uint64 datanetId);
    error UnknownContribution(uint64 contributionId);
    error UnknownVersion(uint64 datanetId, uint32 version);
    error NotOwner(address caller);
    error NotPendingOwner(address caller);
    error MissingRole(address caller, uint8 role); // neither the owner nor one with this role
    error InvalidRoles(uint8 roles);
    error InvalidAccount(address account); // zero, or a system account
    error ZeroAmount();
    error AmountTooHigh(uint256 amountWei, uint256 maximumWei);
    error NothingRequested();
    error NotContributor(address caller); // nor its sponsor, where that would do
    error InvalidSignature(); // not the contributor's over this commit and its nonce
    error InvalidText(); // not UTF-8, empty where a text is needed, or control characters in it
    error InvalidKind(uint8 kind);
    error InvalidPolicy(uint8 policy);
    error InvalidThreshold(uint16 acceptThresholdBps);
    error WrongPolicy(uint8 policy); // the method belongs to another policy
    error BondTooLow(uint256 bondWei, uint256 minimumWei);
    error WrongBond(uint256 bondWei, uint256 neededWei);
    error ZeroCommitment();
    error AlreadyScorer(address scorer);
    error NotScorer(address account);
    error NoScorerSeat(); // every seat is taken
    error ScorerStillBound(uint40 withdrawableBlock);
    error WrongStatus(uint64 contributionId, uint8 status);
    error TooEarly(uint64 fromBlock);
    error TooLate(uint64 lastBlock);
    error CommitmentMismatch(bytes32 computed);
    error InvalidSignatureLength(uint256 length);
    error EmptyContribution();
    /// @notice The kind needs another target: none; or an earlier one, of the same Datanet, of records or a correction,
    /// and for labels another contributor's.
    error InvalidTarget(uint64 targetId);
    error ReceiptNotFinal(bytes32 receiptId, uint8 status);
    error FactsMismatch(bytes32 receiptId);
    error NotRequester(bytes32 receiptId, address requester);
    /// @notice The receipt's adapter stands on no version of this Datanet.
    error ReceiptElsewhere(bytes32 receiptId, uint64 adapterId);
    error FeedbackExists(bytes32 receiptId, uint64 contributionId);
    /// @notice Not drawn or appointed when the panel was fixed, or not in the same seat since.
    error NotOnPanel(uint64 contributionId, address account);
    error AlreadyCommitted(uint64 contributionId);
    error UnknownCommitment(bytes32 commitment);
    error LengthMismatch();
    error InvalidQuality(uint16 qualityBps);
    error InvalidReason(uint8 reason);
    error OwnContribution(uint64 contributionId);
    error AlreadyChallenged(uint64 contributionId);
    error TooFewScorers(uint256 eligible); // nobody could judge a challenge now
    error AlreadyPlanted(bytes32 commitment);
    error NothingAccepted(uint64 datanetId);
    error AlreadyTombstoned(uint64 contributionId);
    error InvalidPublicKey(); // neither 33 bytes (2 or 3 first) nor 65 (4 first)
    error InvalidExpiry(uint40 untilBlock); // over already
    error NoGrant(address account);

    /// @notice Creates a Datanet that the caller owns; `metadataCid` may be empty. Errors: BoundExceeded and InvalidText
    /// of the name, InvalidKind, InvalidPolicy, InvalidThreshold, BoundExceeded and InvalidText of the others.
    function createDatanet(
        string calldata name,
        uint8 kind,
        uint8 policy,
        string calldata licence,
        string calldata metadataCid,
        Terms calldata terms
    ) external returns (uint64 datanetId);

    /// @notice Sets what may change about a Datanet; `metadataCid` may be empty. Manager. Errors: MissingRole,
    /// BoundExceeded, InvalidText.
    function updateDatanet(uint64 datanetId, string calldata licence, string calldata metadataCid) external;

    /// @notice Sets the terms for contributions committed from now on, and the pay of decisions from now on. Manager.
    /// Errors: MissingRole, InvalidThreshold.
    function setTerms(uint64 datanetId, Terms calldata terms) external;

    /// @notice Offers the Datanet to `newOwner`, who may be a contract; the offer stands until it is accepted or
    /// replaced, and the zero address takes it back. Owner. Errors: NotOwner, InvalidAccount.
    function transferOwnership(uint64 datanetId, address newOwner) external;

    /// @notice Takes an offered Datanet over, its purse and roles as they are. Errors: NotPendingOwner.
    function acceptOwnership(uint64 datanetId) external;

    /// @notice Gives `account` exactly these roles; zero takes all away. Owner. Errors: NotOwner, InvalidAccount,
    /// InvalidRoles.
    function setRoles(uint64 datanetId, address account, uint8 roles) external;

    /// @return roles of the account; all of them for the owner
    function rolesOf(uint64 datanetId, address account) external view returns (uint8 roles);

    /// @notice Adds the value to the purse. Anyone. Errors: ZeroAmount.
    function fund(uint64 datanetId) external payable;

    /// @notice Announces that money leaves the purse, `purseExitBlocks` later; a later call replaces it. The purse pays
    /// meanwhile as before. Owner. Errors: NotOwner, ZeroAmount, AmountTooHigh.
    function requestPurse(uint64 datanetId, uint96 amountWei) external returns (uint40 withdrawableBlock);

    /// @notice Credits the owner with what was announced, as far as it is still there. Owner. Errors: NotOwner,
    /// NothingRequested, TooEarly.
    function withdrawPurse(uint64 datanetId) external returns (uint256 amountWei);

    /// @notice Gives `scorer` a seat. Manager of a curated or private Datanet. Errors: MissingRole, WrongPolicy,
    /// InvalidAccount, AlreadyScorer, NoScorerSeat.
    function appointScorer(uint64 datanetId, address scorer) external returns (uint8 seat);

    /// @notice Takes the seat away at once; scores already revealed still count. Manager of a curated or private
    /// Datanet. Errors: MissingRole, WrongPolicy, NotScorer.
    function dismissScorer(uint64 datanetId, address scorer) external;

    /// @notice Takes a seat in an open Datanet with the value as bond, at least `scorerBondWei`, which stays as it is
    /// while the caller has the seat: chances in draws and votes follow what is at stake. Errors: WrongPolicy,
    /// BondTooLow, AlreadyScorer, NoScorerSeat.
    function joinScorers(uint64 datanetId) external payable returns (uint8 seat);

    /// @notice Stops scoring in an open Datanet; the bond and the duties that are open stay until `withdrawableBlock`.
    /// Errors: WrongPolicy, NotScorer (also for one that is leaving).
    function leaveScorers(uint64 datanetId) external returns (uint40 withdrawableBlock);

    /// @notice Credits the bond of a scorer that left, and frees the seat. Errors: WrongPolicy, NotScorer,
    /// ScorerStillBound (of block zero for one that still scores).
    function withdrawScorerBond(uint64 datanetId) external returns (uint256 amountWei);

    /// @notice Takes a place in the commit order without showing anything. The value is the bond. Errors:
    /// ZeroCommitment, BondTooLow.
    /// @param commitment keccak256(abi.encode(contributor, datanetId, kind, targetId, contentRoot, recordCount,
    /// byteCount, keccak256(minhash), receiptsHash, salt)); receiptsHash is keccak256(abi.encode(receipts)) of feedback
    /// and else zero. The contributor inside keeps others from using it.
    function commitContribution(
        uint64 datanetId,
        bytes32 commitment
    ) external payable returns (uint64 contributionId);

    /// @notice The same for a contributor who signed for it; the caller is the sponsor. Errors: TooLate,
    /// InvalidSignature, UnknownDatanet, ZeroCommitment, BondTooLow.
    /// @param deadlineBlock last block in which the signature holds
    function commitContributionFor(
        uint64 datanetId,
        address contributor,
        bytes32 commitment,
        uint64 deadlineBlock,
        bytes calldata signature
    ) external payable returns (uint64 contributionId);

    /// @return nonce of the contributor's next signed commit
    function nonces(address contributor) external view returns (uint256 nonce);

    function domainSeparator() external view returns (bytes32 separator);

    /// @notice Shows what was committed, within the reveal window: from `revealMinBlocks` to `revealMaxBlocks` after
    /// the commit's block. Contributor or sponsor. Errors: NotContributor, WrongStatus, TooEarly, TooLate, InvalidKind,
    /// InvalidSignatureLength, EmptyContribution, BoundExceeded, CommitmentMismatch, and those of the kinds:
    /// Records have no target (InvalidTarget); only feedback has receipts (BoundExceeded). Labels and corrections need one (InvalidTarget) that is accepted and not tombstoned;
    /// labels have at most its records (BoundExceeded); a correction's is not superseded already. A target that is not
    /// accepted, is tombstoned or superseded by now is nobody's mistake: the contribution is returned with its bond,
    /// and nothing is shown, its commitment is zero all the same. Feedback has 1 to 16 receipts (BoundExceeded), as many
    /// as records (LengthMismatch), that are final (ReceiptNotFinal, FactsMismatch), that the
    /// contributor paid for (NotRequester), of adapter versions that stand on a version of this Datanet
    /// (ReceiptElsewhere), and each without other feedback, unless that ended without being accepted (FeedbackExists).
    function revealContribution(uint64 contributionId, Claim calldata claim) external;

    /// @notice Orders the next contributions in commit order, `maximum` at most, and stops at the first whose reveal
    /// window is still open. Permissionless. Returns how many it ordered, refused or let expire.
    function settleOrder(uint64 datanetId, uint32 maximum) external returns (uint32 done);

    /// @notice Draws the panels of contributions that wait for one, from the block after their candidates were fixed
    /// on; leaves the others as they are. Permissionless.
    /// @return statuses of the contributions after the call, in the order asked
    function drawScorers(uint64[] calldata contributionIds) external returns (uint8[] memory statuses);

    /// @notice Commits the caller's scores for several contributions at once. Errors: ZeroCommitment,
    /// UnknownContribution, WrongStatus, NotScorer, NotOnPanel, TooLate, AlreadyCommitted.
    /// @param commitment keccak256(abi.encode(scorer, contributionIds, reports, salt))
    function commitScores(uint64[] calldata contributionIds, bytes32 commitment) external;

    /// @notice Reveals them, once everybody on the panel who still has a seat has committed or the commit window has
    /// closed, in the same round. Errors: LengthMismatch, UnknownCommitment, WrongStatus, NotScorer, NotOnPanel,
    /// TooEarly, TooLate, InvalidQuality, InvalidReason.
    function revealScores(
        uint64[] calldata contributionIds,
        ScoreReport[] calldata reports,
        bytes32 salt
    ) external;

    /// @notice Decides contributions whose reveal window has closed, or earlier when all who committed and still have a
    /// seat have revealed and these are enough. Permissionless; leaves the others as they are.
    /// @return statuses of the contributions after the call, in the order asked
    function resolve(uint64[] calldata contributionIds) external returns (uint8[] memory statuses);

    /// @notice Doubts an accepted contribution within its challenge period. The value is
    /// `contributionChallengeBondWei`, exactly. Not the contributor. Errors: WrongBond, InvalidReason, BoundExceeded,
    /// InvalidText, UnknownContribution, AlreadyChallenged, WrongStatus, TooLate, OwnContribution, TooFewScorers.
    /// @param reason a code as in reports
    /// @param evidenceCid what scorers should look at; may be empty
    function challengeContribution(
        uint64 contributionId,
        uint8 reason,
        string calldata evidenceCid
    ) external payable;

    /// @notice Credits bond and bounty of accepted contributions whose challenge period is over; leaves the others as
    /// they are. Permissionless.
    /// @return released how many it released
    function releaseContributions(uint64[] calldata contributionIds) external returns (uint32 released);

    /// @notice Plants a known answer. Manager. Errors: MissingRole, ZeroCommitment, AlreadyPlanted.
    /// @param commitment keccak256(abi.encode(contributor, contributionId, minQualityBps, maxQualityBps, salt))
    function plantKnownAnswer(uint64 datanetId, bytes32 commitment) external;

    /// @notice Reveals a known answer that was planted in a block before the one in which the last round's panel was
    /// fixed, of a contribution that is rejected, or accepted and within its challenge period, and was never
    /// challenged. The contribution is planted from then on; its bond goes back and its bounty stays in the purse.
    /// Contributor. Errors: NotContributor, InvalidQuality (above 10000, or the least above the most), WrongStatus,
    /// AlreadyChallenged, TooLate, UnknownCommitment, TooLate of the last block to plant it in.
    function revealKnownAnswer(
        uint64 contributionId,
        uint16 minQualityBps,
        uint16 maxQualityBps,
        bytes32 salt
    ) external;

    /// @notice Freezes the next version. Looks at `maximum` contributions at most and goes on where the last call
    /// stopped. A freeze that ends without a member begins anew with the next call (VersionExtended with zeros). Freezer.
    /// Errors: MissingRole, NothingAccepted when all was looked at in this call.
    function freezeVersion(uint64 datanetId, uint32 maximum) external returns (uint32 version, bool frozen);

    /// @notice Stops the attribution to a contribution, for good. Contributor, or governance. Errors: NotContributor,
    /// AlreadyTombstoned.
    function tombstone(uint64 contributionId) external;

    function isTombstoned(uint64 contributionId) external view returns (bool tombstoned);

    /// @notice Asks for access to a private Datanet; who has access keeps it. Errors: WrongPolicy, InvalidPublicKey,
    /// BoundExceeded, InvalidText.
    /// @param publicKey a point of secp256k1, compressed or not, that the content key will be wrapped to
    /// @param purposeCid what the content is wanted for; may be empty
    function requestAccess(uint64 datanetId, bytes calldata publicKey, string calldata purposeCid) external;

    /// @notice Grants access, or changes a grant, whether it was requested or not. Access manager. Errors: MissingRole,
    /// WrongPolicy, InvalidAccount, InvalidExpiry, BoundExceeded.
    /// @param untilBlock last block of the grant
    /// @param wrappedKey the content key of this epoch, encrypted to the account; at most 512 bytes, may be empty
    function grantAccess(
        uint64 datanetId,
        address account,
        uint40 untilBlock,
        bytes calldata wrappedKey
    ) external;

    /// @notice Takes a grant away, and begins a new key epoch. Access manager. Errors: MissingRole, NoGrant.
    function revokeAccess(uint64 datanetId, address account) external;

    /// @return has access now: always in open and curated Datanets; in private ones the owner, and unexpired grants
    function hasAccess(uint64 datanetId, address account) external view returns (bool has);

    function accessOf(uint64 datanetId, address account) external view returns (Access memory access);

    function getDatanet(uint64 datanetId) external view returns (Datanet memory datanet);

    /// @return datanets ever created
    /// @return contributions ever committed
    function counts() external view returns (uint64 datanets, uint64 contributions);

    function getContribution(uint64 contributionId) external view returns (Contribution memory contribution);

    /// @return minhash the 512 signature bytes; empty before the reveal
    function getMinhash(uint64 contributionId) external view returns (bytes memory minhash);

    /// @return contributionId of the commit that holds this content root, or zero when it is free
    function contributionByRoot(bytes32 contentRoot) external view returns (uint64 contributionId);

    /// @return contributionId of the feedback on this receipt, unless it ended without being accepted; or zero
    function feedbackOn(bytes32 receiptId) external view returns (uint64 contributionId);

    /// @return contributionIds in commit order from position `start`
    function contributionsOf(
        uint64 datanetId,
        uint64 start,
        uint32 count
    ) external view returns (uint64[] memory contributionIds);

    /// @return info about an account's seat; zeros when it has none
    function scorerInfo(uint64 datanetId, address account) external view returns (ScorerInfo memory info);

    /// @return seats on the contribution's panel in its last round, in their order; none while it waits for the draw
    function panelOf(uint64 contributionId) external view returns (PanelSeat[] memory seats);

    /// @return accounts that score now, in the order of their seats; leaving ones do not
    function scorersOf(uint64 datanetId) external view returns (address[] memory accounts);

    function getVersion(uint64 datanetId, uint32 version) external view returns (Version memory info);

    /// @return members from index `start`; row j of an adapter is member j of its versions, one after the other
    function versionMembers(
        uint64 datanetId,
        uint32 version,
        uint32 start,
        uint32 count
    ) external view returns (Member[] memory members);
}
