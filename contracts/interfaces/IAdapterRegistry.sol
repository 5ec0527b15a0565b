// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IClaimable} from "./IClaimable.sol";

/// @title Base models and LoRA adapters, at 0x0000000000000000000000000000000016120002
/// @notice Blocks are block numbers; amounts are wei; ids start at 1. Hashes of contents are sha2-256 digests, the ones
/// inside their CIDs.
///
/// Adapter status: 0 none, 1 draft (no version is published), 2 published (the rows of its first version can be
/// challenged), 3 active (a version settles receipts), 4 paused, 5 deprecated, 6 refuted.
/// Version status: 0 none, 1 draft (rows are being written), 2 published (rows can be challenged, or a challenge is not
/// decided), 3 active (its receipts settle while the adapter is active), 5 retired, 6 refuted, 7 dropped.
/// Challenge status: 0 none, 1 waiting for the draw, 2 audit open, 3 rows right, 4 rows refuted, 5 undecided, 6 dropped (too
/// few auditors).
/// Verdict: 1 rows are right, 2 forged, 4 unavailable (the data or weights to derive them cannot be had).
/// Credit reasons: 1 adapter's bond returned, 2 challenge's bond returned, 3 half of a slashed bond (challenger), 4 surplus
/// (treasury), 5 auditor, 6 slashed bond (treasury), 7 lost challenge's bond (owner). Where nothing else is said, ref is the
/// adapter's id.
///
/// Versions are numbered from 1 and never change once they are published. An adapter has at most one that is a draft or
/// published and not active yet: its pending one. A published version is active and current from `activeFromBlock` on,
/// without a transaction. The version that was current until then stays active for `priceRiseDelayBlocks` more, the
/// longest that a request may be outstanding, and is retired from `retiredBlock` on. Owner, base model, parents, price
/// and access do not change with versions.
///
/// Lineage. Parents are adapters that have a published version when the child is created, and never change: an adapter's id
/// is larger than its parents', so that there are no cycles. Depth is 1 + the deepest parent's, 0 without parents, at most 8.
/// Royalties go to the accounts that own the direct parents when they are paid.
///
/// Access policy: 0 everybody, 1 accounts on the list, up to and with their last block. The owner always may.
///
/// Rows. Row j belongs to contribution j of the frozen versions, one version after the other in the order of the draft. A
/// row is 4 + k bytes: uint32 scale, big endian, then k int8 from −127 to 127. Its coordinate i stands for
/// scale · int8[i] · 2^−32. A row of zeros has scale 0; any other has at least one value of 64 or more in size, so that
/// every row has one form. A member with a flag (superseded, or without row) has the row of zeros. With n records,
/// scale² · Σ int8² must not exceed (n · rowNormPerRecord)²: a feature has length about 1 and the fold only shortens it.
/// Rows are written in chunks of floor(24575 / (4 + k)), the last may be shorter.
/// Rows root: the Merkle tree hash of RFC 6962, section 2.1, with keccak256, over the rows' bytes.
///
/// Corpus and passages, where a version has them: Merkle tree hashes of the same kind. Numbers are big endian, leaves in the
/// order in which the trainer lists them.
/// Corpus (for spans of generated text): one leaf for each chunk of tokens of a contribution,
/// uint32 row ‖ uint32 start ‖ uint8 count ‖ count × (uint32 token ‖ uint8 rarity), with a count from 1 to 64.
/// Passages (for retrieval): one leaf for each record, uint32 row ‖ uint32 record ‖ passageDims × int8, passageDims from 8
/// to 1024. Row is the contribution's row in this version, record its place in the contribution, start the place of the
/// chunk's first token in the contribution.
///
/// Challenges. Before a published version is active anyone may challenge one of its rows, or the fold M as a whole, with a
/// bond of rowChallengeBondWei; one challenge at a time. The version does not become active while it is open. A later block
/// draws auditCommittee seats among the auditors of the base model that were registered when the challenge came, without
/// the adapter's owner and the challenger: seed = keccak256(randomness ‖ uint64 adapterId ‖ uint32 version ‖ uint32 row)
/// with the prevRandao of the block after the challenge (of the newest block a multiple of 8192 later, if that is
/// forgotten); seats go to bonds as in IProofOfAttribution.drawAudits. The seats commit for rowAuditCommitBlocks from the draw
/// and reveal for auditRevealBlocks more. A seat without a reveal is not paid, and loses nothing.
/// More than half of all seats say forged or unavailable: the version is refuted for good and the adapter's bond slashed
/// whole: half (floor) to the challenger, a quarter (floor) shared by the auditors on that side (floor each), the rest to
/// the treasury; the challenger's bond is returned. An adapter without a current version is refuted with it; any other goes
/// on without a bond, and needs a fresh one for its next version.
/// More than half say right: half (floor) of the challenger's bond is shared by the auditors on that side (floor each), the
/// rest goes to the adapter's owner, and the challenge window goes on from the block of the decision with as many blocks as
/// were left in the one of the challenge, so that nobody can use it up with a challenge of his own.
/// No majority, or at the draw fewer auditors than seats: the challenger's bond is returned, and challengeEndBlock moves to
/// the block of the decision if that is later.
///
/// Fee of an inference: baseWei + floor(inputTokens · perThousandInputWei / 1000)
/// + floor(outputTokens · perThousandOutputWei / 1000).
interface IAdapterRegistry is IClaimable {
    struct BaseModel {
        address registrant;
        uint40 registeredBlock;
        bytes32 onnxHash;
        bytes32 tokenizerHash;
        bytes32 profileHash;
        string name;
        string metadataCid;
    }

    struct DatanetVersion {
        uint64 datanetId;
        uint32 version;
    }

    struct Price {
        uint80 baseWei; // at least 1
        uint80 perThousandInputWei;
        uint80 perThousandOutputWei;
    }

    /// @notice `royaltyBps` of the owner's share goes to the parent's owner.
    struct Parent {
        uint64 adapterId;
        uint16 royaltyBps;
    }

    /// @notice What a version fixes. Roots may be zero, other hashes and the seed not.
    struct VersionDraft {
        DatanetVersion[] datanets; // ascending by Datanet, one version of each
        bytes32 weightsHash;
        bytes32 configHash; // of what else is needed to load the weights: PEFT's adapter_config.json
        bytes32 manifestHash; // of all that is needed to run the training again
        uint16 rank;
        uint16 alpha;
        bytes32 targetsHash; // of the names of the adapted matrices
        uint16 k; // length of a feature
        bytes32 projectionSeed;
        bytes32 corpusRoot; // or zero
        uint32 corpusChunks; // leaves, zero with a zero root only
        bytes32 passagesRoot; // or zero
        uint32 passages; // leaves, zero with a zero root only
        uint16 passageDims; // zero with a zero root only
    }

    struct AdapterDraft {
        uint64 baseModelId;
        Price price;
        Parent[] parents; // ascending, published ones
        string licence; // SPDX id
        string metadataCid;
        VersionDraft version; // the first one
    }

    struct Adapter {
        address owner;
        address pendingOwner; // may accept the adapter, or zero
        uint64 baseModelId;
        uint8 status; // as of this block
        uint8 accessPolicy;
        uint8 depth;
        uint32 version; // the current one; zero before the first is active
        uint32 newestVersion; // the pending one, or the last that was drafted
        uint96 bondWei;
        uint40 bondReleaseBlock; // first block in which a deprecated adapter's bond can be released; zero before
        string licence;
        string metadataCid;
    }

    struct AdapterVersion {
        uint8 status; // as of this block
        uint16 k;
        uint16 rank;
        uint16 alpha;
        uint32 rowCount; // written
        uint32 memberCount; // to be written before publication
        uint40 challengeEndBlock; // first block in which a published version's rows cannot be challenged any more
        uint40 activeFromBlock; // zero before publication, and while a challenge is open
        uint40 retiredBlock; // first block in which its receipts do not settle any more; zero while no version follows
        bytes32 weightsHash;
        bytes32 configHash;
        bytes32 manifestHash;
        bytes32 targetsHash;
        bytes32 projectionSeed;
        bytes32 corpusRoot;
        uint32 corpusChunks;
        bytes32 passagesRoot;
        uint32 passages;
        uint16 passageDims;
        bytes32 rowsRoot;
        DatanetVersion[] datanets;
    }

    /// @notice The newest challenge of an adapter's rows.
    struct RowChallenge {
        uint64 challengeId;
        uint8 status;
        address challenger;
        uint96 bondWei;
        uint32 version;
        uint32 row; // type(uint32).max for the fold M
        uint40 challengeBlock;
        uint40 commitEndBlock; // last block of commits, zero before the draw
        uint40 revealEndBlock; // last block of reveals
        address[] committee;
        uint8 committed; // bit per seat
        uint8 revealed;
        uint8[] verdicts; // per seat, zero before the reveal
    }

    event BaseModelRegistered(
        uint64 indexed baseModelId,
        address indexed registrant,
        bytes32 onnxHash,
        bytes32 tokenizerHash,
        bytes32 profileHash,
        string name,
        string metadataCid
    );
    event AdapterCreated(
        uint64 indexed adapterId,
        address indexed owner,
        uint64 indexed baseModelId,
        uint8 depth,
        uint96 bondWei,
        string licence,
        string metadataCid
    );
    event MetadataSet(uint64 indexed adapterId, string licence, string metadataCid);
    event AccessPolicySet(uint64 indexed adapterId, uint8 policy);
    event AccessSet(uint64 indexed adapterId, address indexed account, uint40 untilBlock);
    /// @notice `newOwner` may accept; zero takes an earlier offer back.
    event AdapterTransferStarted(uint64 indexed adapterId, address indexed newOwner);
    event AdapterTransferred(uint64 indexed adapterId, address indexed from, address indexed to);
    event BondAdded(uint64 indexed adapterId, uint256 amountWei, uint96 bondWei);
    event VersionDrafted(
        uint64 indexed adapterId,
        uint32 indexed version,
        bytes32 weightsHash,
        bytes32 manifestHash,
        uint16 k,
        uint32 memberCount
    );
    event DraftDropped(uint64 indexed adapterId, uint32 indexed version);
    event RowsAppended(uint64 indexed adapterId, uint32 indexed version, uint32 startRow, uint32 count);
    event VersionPublished(
        uint64 indexed adapterId,
        uint32 indexed version,
        bytes32 rowsRoot,
        uint40 challengeEndBlock
    );
    event RowsChallenged(
        uint64 indexed adapterId,
        uint64 indexed challengeId,
        address indexed challenger,
        uint32 version,
        uint32 row,
        string evidenceCid
    );
    event RowAuditDrawn(
        uint64 indexed adapterId,
        uint64 indexed challengeId,
        address[] committee,
        uint40 commitEndBlock,
        uint40 revealEndBlock
    );
    event RowAuditCommitted(address indexed auditor, bytes32 indexed commitment, uint64[] adapterIds);
    event RowAuditRevealed(
        uint64 indexed adapterId,
        uint64 indexed challengeId,
        address indexed auditor,
        uint8 verdict
    );
    /// @notice `activeFromBlock` is that of the version now; zero when it is refuted.
    event RowChallengeEnded(
        uint64 indexed adapterId,
        uint64 indexed challengeId,
        uint8 status,
        uint40 activeFromBlock
    );
    event AdapterSlashed(uint64 indexed adapterId, uint32 indexed version, uint96 amountWei);
    event AdapterPaused(uint64 indexed adapterId);
    event AdapterUnpaused(uint64 indexed adapterId);
    event AdapterDeprecated(uint64 indexed adapterId, uint40 bondReleaseBlock);
    event PriceSet(
        uint64 indexed adapterId,
        uint80 baseWei,
        uint80 perThousandInputWei,
        uint80 perThousandOutputWei,
        uint40 fromBlock
    );

    error UnknownBaseModel(uint64 baseModelId);
    error BaseModelExists(uint64 baseModelId);
    error UnknownAdapter(uint64 adapterId);
    error UnknownVersion(uint64 datanetId, uint32 version);
    error UnknownAdapterVersion(uint64 adapterId, uint32 version);
    error VersionPending(uint32 version); // it must be active, dropped or refuted before the next is drafted
    error NotOwner(address caller);
    /// @notice Empty where a text is needed, or with control characters, line separators or marks that reorder what a reader
    /// sees in it.
    error InvalidText();
    error ZeroHash();
    error InvalidK(uint16 k);
    error InvalidRank(uint16 rank);
    error InvalidCorpus(); // a root without leaves or the other way round
    error InvalidPassages(); // likewise, or a number of dimensions out of bounds
    error InvalidPrice();
    error DatanetsNotSorted();
    error TooManyRows(uint256 rows, uint256 maximum);
    error InvalidParent(uint64 adapterId);
    error RoyaltyTooHigh(uint256 totalBps);
    error LineageTooDeep(uint256 depth);
    error InvalidPolicy(uint8 policy);
    error InvalidOwner(address account); // of the system
    error NotPendingOwner(address caller);
    error ZeroAmount();
    error BondTooLow(uint256 bondWei, uint256 minimumWei);
    error WrongStatus(uint8 status); // of the adapter, or of its newest version where the method is about that
    error WrongStartRow(uint32 expected);
    error WrongChunkLength(uint256 length, uint256 expected); // expected: of the next chunk alone
    error NoAccess(uint64 datanetId); // the caller has none to the contents of this private Datanet
    error InvalidRow(uint32 row);
    error RowMustBeZero(uint32 row);
    error RowsIncomplete(uint32 written, uint32 needed);
    error RowsRootMismatch(bytes32 computed);
    error BondLocked(uint40 releaseBlock);
    error WrongBond(uint256 bondWei, uint256 expectedWei);
    error UnknownRow(uint32 row);
    error WrongChallengeStatus(uint64 adapterId, uint8 status);
    error NotInCommittee(uint64 adapterId, address caller);
    error AlreadyCommitted(uint64 adapterId);
    error ZeroCommitment();
    error UnknownCommitment(bytes32 commitment);
    error InvalidVerdict(uint8 verdict);
    error LengthMismatch();
    error TooEarly(uint64 fromBlock);
    error TooLate(uint64 lastBlock);

    /// @notice Registers a base model under its hashes. Anyone may; it never changes.
    function registerBaseModel(
        bytes32 onnxHash,
        bytes32 tokenizerHash,
        bytes32 profileHash,
        string calldata name,
        string calldata metadataCid
    ) external returns (uint64 baseModelId);

    /// @notice Creates an adapter that the caller owns, its first version as a draft, with the bond that forged rows would
    /// cost: adapterBondWei at least. The caller needs access to the Datanets that are private.
    function createAdapter(AdapterDraft calldata draft) external payable returns (uint64 adapterId);

    /// @notice Makes the next version as a draft, while the current one goes on. Owner only. What comes with the call is
    /// added to the bond, which must reach adapterBondWei. The caller needs access to the Datanets that are private.
    function newVersion(
        uint64 adapterId,
        VersionDraft calldata draft
    ) external payable returns (uint32 version);

    /// @notice Gives the draft up. Its rows stay under its number; the next draft has another one. Owner only.
    function dropDraft(uint64 adapterId) external returns (uint32 version);

    /// @notice Writes the next rows of the draft: one to three whole chunks, of which the last may be the draft's last and
    /// shorter. Owner only; goes on where the last call stopped.
    /// @return rowCount rows of the draft that are written now
    function appendRows(
        uint64 adapterId,
        uint32 startRow,
        bytes calldata rows
    ) external returns (uint32 rowCount);

    /// @notice Ends the draft: every member has its row and the root over the rows is the caller's. Owner only.
    function publish(
        uint64 adapterId,
        bytes32 rowsRoot
    ) external returns (uint32 version, uint40 challengeEndBlock);

    /// @notice Says that a row of the published version, or the fold M (row type(uint32).max), is not what data and weights
    /// give. The value is the bond.
    function challengeRows(
        uint64 adapterId,
        uint32 row,
        string calldata evidenceCid
    ) external payable returns (uint64 challengeId);

    /// @notice Draws the committee, in a later block than the challenge's. Anyone may.
    /// @return committee empty when there are too few auditors and the challenge is dropped
    function drawRowAudit(uint64 adapterId) external returns (address[] memory committee);

    /// @notice Commits the caller's verdicts on the open challenges of several adapters at once.
    /// @param commitment keccak256(abi.encode(auditor, adapterIds, verdicts, salt))
    function commitRowAudit(uint64[] calldata adapterIds, bytes32 commitment) external;

    /// @notice Reveals them, once the whole committee has committed or the commit window has closed.
    function revealRowAudit(
        uint64[] calldata adapterIds,
        uint8[] calldata verdicts,
        bytes32 salt
    ) external;

    /// @notice Ends a challenge when all who committed have revealed or the reveal window has closed. Anyone may.
    /// @return status of the challenge
    function resolveRowChallenge(uint64 adapterId) external returns (uint8 status);

    /// @notice Owner only.
    function setMetadata(
        uint64 adapterId,
        string calldata licence,
        string calldata metadataCid
    ) external;

    /// @notice Sets who may use the adapter; receipts of others settle no longer. Owner only.
    function setAccessPolicy(uint64 adapterId, uint8 policy) external;

    /// @notice Puts an account on the list up to and with a block, or takes it off (zero). The list is kept while the
    /// adapter is open to everybody. Owner only.
    function setAccess(uint64 adapterId, address account, uint40 untilBlock) external;

    /// @notice Offers the adapter, with its bond, to another account; a later call replaces it, zero takes it back.
    /// Owner only.
    function transferAdapter(uint64 adapterId, address newOwner) external;

    /// @notice Takes an adapter that was offered to the caller. Price, list and pending version stay.
    function acceptAdapter(uint64 adapterId) external;

    /// @notice Adds to the bond of an adapter that has not ended. Anyone may; the bond is the owner's.
    function topUpBond(uint64 adapterId) external payable returns (uint96 bondWei);

    /// @notice Stops new receipts from settling. Owner of an active adapter only.
    function pause(uint64 adapterId) external;

    function unpause(uint64 adapterId) external;

    /// @notice Ends the adapter for good, its pending version with it; refused while a challenge is open. The bond can be
    /// released when everything settled on it is long final. Owner only.
    function deprecate(uint64 adapterId) external returns (uint40 bondReleaseBlock);

    /// @notice Credits the bond of a deprecated adapter to its owner; anyone may ask.
    function releaseBond(uint64 adapterId) external returns (uint256 amountWei);

    /// @notice Sets the price: at once when no part rises, otherwise after `priceRiseDelayBlocks`. A later call replaces
    /// a rise that has not taken effect. Owner only.
    function setPrice(uint64 adapterId, Price calldata price) external returns (uint40 fromBlock);

    function getBaseModel(uint64 baseModelId) external view returns (BaseModel memory model);

    /// @return baseModelId registered under these hashes, or zero
    function baseModelOf(
        bytes32 onnxHash,
        bytes32 tokenizerHash,
        bytes32 profileHash
    ) external view returns (uint64 baseModelId);

    function getAdapter(uint64 adapterId) external view returns (Adapter memory adapter);

    function getVersion(uint64 adapterId, uint32 version) external view returns (AdapterVersion memory info);

    /// @return statuses of the versions from number `start` on, as of this block
    function versionsOf(
        uint64 adapterId,
        uint32 start,
        uint32 count
    ) external view returns (uint8[] memory statuses);

    function parentsOf(uint64 adapterId) external view returns (Parent[] memory parents);

    /// @return price in force in this block
    /// @return nextPrice set and not yet in force, all zero when there is none
    /// @return nextFromBlock first block of `nextPrice`, zero when there is none
    function priceOf(
        uint64 adapterId
    ) external view returns (Price memory price, Price memory nextPrice, uint40 nextFromBlock);

    /// @return rows the bytes of `count` rows of a version from `start`, fewer at the end
    function getRows(
        uint64 adapterId,
        uint32 version,
        uint32 start,
        uint32 count
    ) external view returns (bytes memory rows);

    /// @return allowed whether receipts of this requester settle in this block, as far as access goes
    function mayUse(uint64 adapterId, address account) external view returns (bool allowed);

    /// @return untilBlock last block in which the account may use the adapter, type(uint40).max where nothing ends it
    function accessUntil(uint64 adapterId, address account) external view returns (uint40 untilBlock);

    function getRowChallenge(uint64 adapterId) external view returns (RowChallenge memory challenge);

    /// @return active whether the adapter has a current version and is neither paused nor at its end
    function isActive(uint64 adapterId) external view returns (bool active);

    /// @return accepted whether receipts of this version settle in this block
    function acceptsVersion(uint64 adapterId, uint32 version) external view returns (bool accepted);
}
