// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Where the namespaces of EIP-7201 begin: namespaceSlot("openledger.storage.ProofOfAttribution") and so on. They are
/// asked for so often that to compute them would take a third of the time of the tests.
bytes32 constant ROOT = 0x3d1115744da73ac6101048836968579effc1a3969d1765c18ce66ad42f9f9600;
bytes32 constant GOVERNED = 0xc78d4710c962d4e801501844f31b350ffb50de11d158c651647a6e4fa6f61d00;
bytes32 constant REMAINDERS = 0x63a0aa3ce3a73363f707a45b4633408538c83f5ceda2549952e867ff9a9b9200;

struct StoredRoot {
    uint32 hostCount;
    uint32 auditorCount;
    uint64 batchCount;
    uint32 grantCount;
    mapping(address requester => mapping(address host => StoredDeposit)) deposits; // host zero: for all hosts
    mapping(uint32 hostId => StoredHost) hosts;
    mapping(address account => uint32 hostId) hostIds; // of the newest registration
    mapping(uint32 auditorId => StoredAuditor) auditors;
    mapping(address account => mapping(uint64 baseModelId => uint32 auditorId)) auditorIds;
    mapping(uint64 baseModelId => uint32[]) auditorsOf; // ids of active auditors
    mapping(bytes32 receiptId => StoredReceipt) receipts;
    mapping(uint64 batchId => StoredBatch) batches;
    mapping(bytes32 receiptId => StoredAudit) audits;
    mapping(address auditor => mapping(bytes32 commitment => bytes32 idsHash)) auditCommitments;
    mapping(uint64 adapterId => StoredWindows) adapterWindows;
    mapping(uint64 adapterId => mapping(uint64 windowIndex => StoredWindow)) windows;
    mapping(uint64 adapterId => mapping(uint32 version => uint64 windowIndex)) displacedWindows;
    mapping(address requester => uint32 grantId) grantIds; // of the newest list
    mapping(uint32 grantId => address[]) grants;
    mapping(bytes32 receiptId => StoredChallenge) challenges;
    mapping(bytes32 receiptId => StoredAppeal) appeals;
    mapping(address auditor => mapping(bytes32 commitment => bytes32 idsHash)) appealCommitments;
}

struct StoredDeposit {
    uint96 balanceWei;
    uint96 leavingWei;
    uint40 withdrawableBlock;
}

struct StoredHost {
    address account;
    uint96 bondWei;
    address signer;
    uint96 openFeesWei;
    uint8 status;
    uint40 withdrawableBlock;
    string endpoint;
}

struct StoredAuditor {
    address account;
    uint96 bondWei;
    uint64 baseModelId;
    uint40 activeBlock;
    uint40 withdrawableBlock;
    uint32 listIndex;
    uint8 status;
}

struct StoredReceipt {
    uint8 status;
    uint8 flags;
    uint16 weight;
    uint32 hostId;
    uint64 batchId;
    uint96 feeWei;
    uint32 grantId;
    bytes32 digest;
}

struct StoredBatch {
    uint64 adapterId;
    uint64 windowIndex;
    uint64 baseModelId;
    uint40 settledBlock;
}

struct StoredAudit {
    uint32 auditor0;
    uint32 auditor1;
    uint32 auditor2;
    uint8 seats;
    uint8 committed; // bit per seat
    uint8 revealed;
    uint16 verdicts; // four bits for each seat
    uint40 commitEndBlock;
    uint40 revealEndBlock;
    uint40 lastRevealBlock;
    uint80[3] digests;
}

struct StoredChallenge {
    address challenger;
    uint96 bondWei;
    uint40 challengeBlock;
}

/// @dev The electors, with their bonds, are in a blob.
struct StoredAppeal {
    address appellant;
    uint96 bondWei;
    uint64 committed; // bit per elector
    uint64 revealed;
    uint40 commitEndBlock;
    uint40 revealEndBlock;
    uint8 electors;
    uint256 verdicts; // four bits for each elector
}

struct StoredWindows {
    uint64 opened;
    uint64 closed;
}

struct StoredWindow {
    uint8 state;
    uint8 shift;
    uint40 openedBlock;
    uint32 settled;
    uint32 finished;
    uint16 batches;
    uint16 corrections;
    uint32 scoredRows;
    uint32 paidMembers;
    uint32 version;
    bool tombstones;
    uint96 potWei;
    uint96 closersWei;
}

function root() pure returns (StoredRoot storage r) {
    assembly ("memory-safe") {
        r.slot := ROOT
    }
}

/// @dev Half of the governed values, in one slot. From block zero on: those of genesis, and the rest is zero.
struct StoredSettling {
    uint40 fromBlock;
    uint32 settlementGas;
    uint16 settlerCapBps;
    uint16 windowReceipts;
    uint32 windowAgeBlocks;
    uint16 closerCapBps;
}

/// @dev The other half.
struct StoredEnding {
    uint40 fromBlock;
    uint16 contributorsBps;
    uint16 ownerBps;
    uint16 hostBps;
    uint16 stakersBps;
    uint16 applicationBps;
    uint16 treasuryBps;
    uint16 finalizerCapBps;
    uint16 auditorPayBps;
    uint16 auditRateBps;
    uint16 hostSlashBps;
}

struct StoredGoverned {
    StoredSettling settling;
    StoredEnding ending;
    StoredSettling earlierSettling;
    StoredEnding earlierEnding;
}

function governedStorage() pure returns (StoredGoverned storage g) {
    assembly ("memory-safe") {
        g.slot := GOVERNED
    }
}

/// @dev Pots that nobody earned, for the members of one version of a Datanet.
struct StoredRemainder {
    uint256 perWeightX64; // wei for each unit of weight, in units of 2^-64
    uint128 carry;
    uint64 totalWeight;
    bool byRecords;
    mapping(uint32 member => uint256) paidX64;
}

struct StoredRemainders {
    mapping(uint64 datanetId => mapping(uint32 version => StoredRemainder)) ofVersion;
}

function remainders() pure returns (StoredRemainders storage r) {
    assembly ("memory-safe") {
        r.slot := REMAINDERS
    }
}
