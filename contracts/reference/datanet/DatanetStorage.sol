// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {namespaceSlot} from "../NativeHost.sol";

struct RegistryState {
    uint64 datanetCount;
    uint64 contributionCount;
    mapping(uint64 datanetId => DatanetState) datanets;
    mapping(uint64 contributionId => ContributionState) contributions;
    mapping(bytes32 contentRoot => uint64 contributionId) roots;
    mapping(bytes32 bucket => uint64[16] leaderIds) buckets;
    mapping(address scorer => mapping(bytes32 commitment => bytes32)) scoreCommitments;
    mapping(address contributor => uint256) nonces;
    mapping(bytes32 receiptId => uint64 contributionId) feedback;
    mapping(uint256 word => uint256 bits) tombstones;
}

struct DatanetState {
    address owner;
    uint96 minBondWei;
    uint96 bountyPerRecordWei;
    uint96 scorerPayWei;
    uint16 acceptThresholdBps;
    uint8 kind;
    uint8 policy;
    uint32 versions;
    uint64 ordered;
    uint64 activeSeats; // bit per seat that scores now
    uint64 takenSeats; // also those that are leaving
    uint32 seatings; // seats ever given
    uint32 keyEpoch;
    uint96 purseWei;
    uint96 promisedWei;
    uint40 purseWithdrawableBlock;
    address pendingOwner;
    uint96 purseLeavingWei;
    string name;
    string licence;
    string metadataCid;
    uint64[] order; // contribution ids
    mapping(uint8 seat => ScorerState) scorers;
    mapping(address account => uint8 seatPlusOne) seatOf;
    mapping(uint32 version => VersionState) versionsById;
    mapping(address account => uint8 roles) roles;
    mapping(address account => AccessState) access;
    mapping(bytes32 commitment => uint40 blockNumber) knownAnswers;
}

struct ScorerState {
    address account;
    uint96 bondWei;
    uint40 withdrawableBlock; // zero while it scores
    uint32 seating; // the Datanet's `seatings` with this one
    uint32 tests;
    uint32 hits;
}

struct ContributionState {
    address contributor;
    uint64 datanetId;
    uint8 status;
    uint8 flags;
    uint16 noveltyBps;
    uint96 bondWei;
    uint64 position;
    uint40 commitBlock;
    uint32 recordCount;
    uint16 qualityBps;
    uint8 round;
    uint96 bountyPerRecordWei;
    uint16 acceptThresholdBps;
    uint8 kind;
    uint8 reason;
    uint64 targetId;
    uint64 byteCount;
    bytes32 commitment;
    bytes32 contentRoot;
    uint64 leaderId;
    uint40 panelBlock;
    uint40 scoreCommitEndBlock;
    uint40 scoreRevealEndBlock;
    uint40 challengeEndBlock;
    uint32 seatings; // the Datanet's when the candidates were fixed
    uint64 panel; // bit per seat: the candidates until the draw
    uint64 scorersCommitted;
    uint64 scorersRevealed;
    uint64 supersededBy;
    address sponsor;
    uint96 bountyWei;
    address challenger;
    uint96 challengeBondWei;
    uint16[64] weights; // per place in the panel
    uint32[64] reports; // per place in the panel
}

struct VersionState {
    bool frozen;
    uint32 memberCount;
    uint64 recordCount;
    uint64 scannedTo;
    uint64 endPosition;
    uint40 startBlock;
    uint40 frozenBlock;
    bytes32 contentRoot;
    bytes32[32] peaks; // roots of perfect subtrees, the largest first
    uint32[] chunkEnds; // members up to and with each chunk
}

struct AccessState {
    uint8 status;
    uint40 requestedBlock;
    uint40 untilBlock;
}

function datanetRegistry() pure returns (RegistryState storage r) {
    bytes32 slot = namespaceSlot("openledger.storage.DatanetRegistry");
    assembly ("memory-safe") {
        r.slot := slot
    }
}

/// @notice Seats as bits of a mask.
library Seats {
    function has(uint64 mask, uint256 seat) internal pure returns (bool) {
        return (mask >> seat) & 1 == 1;
    }

    function with(uint64 mask, uint256 seat) internal pure returns (uint64) {
        return mask | uint64(1 << seat);
    }

    function without(uint64 mask, uint256 seat) internal pure returns (uint64) {
        return mask & ~uint64(1 << seat);
    }

    function count(uint64 mask) internal pure returns (uint256 seats) {
        for (uint256 seat = 0; seat < 64; seat++) if (has(mask, seat)) seats++;
    }

    /// @notice How many seats of the mask are before this one.
    function placeOf(uint64 mask, uint256 seat) internal pure returns (uint256 place) {
        for (uint256 i = 0; i < seat; i++) if (has(mask, i)) place++;
    }
}
