// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {blobId, NATIVE_HOST} from "../NativeHost.sol";
import {DatanetBase} from "./DatanetBase.sol";
import {ContributionState, DatanetState, VersionState} from "./DatanetStorage.sol";

/// @title Frozen versions and tombstones
abstract contract DatanetVersions is DatanetBase {
    uint256 private constant FREEZE_PER_CALL = 512;
    uint256 private constant MEMBER_BYTES = 43;
    uint8 private constant SUPERSEDED = 1;
    uint8 private constant WITHOUT_ROW = 2;

    function freezeVersion(uint64 datanetId, uint32 maximum) external returns (uint32 version, bool frozen) {
        requireBetween(maximum, FREEZE_PER_CALL);
        DatanetState storage d = datanetOf(datanetId);
        requireRole(d, FREEZER);
        version = d.versions + 1;
        VersionState storage v = d.versionsById[version];
        if (v.startBlock == 0) {
            v.startBlock = blockNow();
            v.endPosition = d.ordered;
        }
        bool wholly = v.scannedTo == 0;
        gather(datanetId, version, maximum);
        if (v.scannedTo < v.endPosition) {
            emit VersionExtended(datanetId, version, v.memberCount, v.scannedTo);
            return (version, false);
        }
        if (v.memberCount == 0) {
            if (wholly) revert NothingAccepted(datanetId);
            (v.scannedTo, v.endPosition, v.startBlock) = (0, 0, 0);
            emit VersionExtended(datanetId, version, 0, 0);
            return (version, false);
        }
        finish(datanetId, version);
        return (version, true);
    }

    function gather(uint64 datanetId, uint32 version, uint32 maximum) private {
        DatanetState storage d = state().datanets[datanetId];
        VersionState storage v = d.versionsById[version];
        bytes32[32] memory peaks = v.peaks;
        bytes memory chunk;
        for (uint256 i = 0; i < maximum && v.scannedTo < v.endPosition; i++) {
            uint64 id = d.order[v.scannedTo];
            ContributionState storage c = state().contributions[id];
            v.scannedTo++;
            if (!isMember(v, c)) continue;
            chunk = bytes.concat(chunk, encode(v, id, c));
            append(peaks, v.memberCount, keccak256(abi.encodePacked(bytes1(0x00), id, c.contentRoot)));
            v.recordCount += c.recordCount;
            v.memberCount++;
        }
        if (v.scannedTo < v.endPosition) {
            for (uint256 i = 0; i < bitsIn(v.memberCount); i++) v.peaks[i] = peaks[i];
        } else v.contentRoot = rootOf(peaks, v.memberCount);
        if (chunk.length == 0) return;
        NATIVE_HOST.writeBlob(chunkId(datanetId, version, v.chunkEnds.length), chunk);
        v.chunkEnds.push(v.memberCount);
    }

    function isMember(VersionState storage v, ContributionState storage c) private view returns (bool) {
        return c.status == ACCEPTED && c.challengeEndBlock < v.startBlock && c.position < v.endPosition;
    }

    function encode(VersionState storage v, uint64 id, ContributionState storage c) private view returns (bytes memory) {
        uint8 flags = 0;
        if (c.supersededBy != 0 && isMember(v, state().contributions[c.supersededBy])) flags |= SUPERSEDED;
        bool isPrivate = state().datanets[c.datanetId].policy == POLICY_PRIVATE;
        if (isPrivate && c.recordCount < privateRecordsMin) flags |= WITHOUT_ROW;
        return abi.encodePacked(id, c.leaderId, c.noveltyBps, c.recordCount, c.contributor, flags);
    }

    /// @dev The subtrees of the leaves so far are as large as the bits of their number; the largest comes first.
    function append(bytes32[32] memory peaks, uint32 leaves, bytes32 leaf) private pure {
        uint256 peak = bitsIn(leaves);
        bytes32 node = leaf;
        for (uint32 rest = leaves; rest % 2 == 1; rest /= 2) {
            node = keccak256(abi.encodePacked(bytes1(0x01), peaks[--peak], node));
        }
        peaks[peak] = node;
    }

    function rootOf(bytes32[32] memory peaks, uint32 leaves) private pure returns (bytes32 root) {
        if (leaves == 0) return 0;
        uint256 peak = bitsIn(leaves) - 1;
        root = peaks[peak];
        while (peak > 0) root = keccak256(abi.encodePacked(bytes1(0x01), peaks[--peak], root));
    }

    function bitsIn(uint32 number) private pure returns (uint256 bits) {
        for (; number > 0; number /= 2) bits += number % 2;
    }

    function finish(uint64 datanetId, uint32 version) private {
        DatanetState storage d = state().datanets[datanetId];
        VersionState storage v = d.versionsById[version];
        v.frozen = true;
        v.frozenBlock = blockNow();
        d.versions = version;
        emit VersionFrozen(datanetId, version, v.memberCount, v.recordCount, v.contentRoot);
    }

    function chunkId(uint64 datanetId, uint32 version, uint256 chunk) private pure returns (bytes32) {
        uint256[] memory keys = new uint256[](3);
        (keys[0], keys[1], keys[2]) = (datanetId, version, chunk);
        return blobId("openledger.blob.Members", keys);
    }

    function versionOf(uint64 datanetId, uint32 version) private view returns (VersionState storage v) {
        DatanetState storage d = datanetOf(datanetId);
        v = d.versionsById[version];
        if (v.startBlock == 0) revert UnknownVersion(datanetId, version);
    }

    function getVersion(uint64 datanetId, uint32 version) external view returns (Version memory info) {
        VersionState storage v = versionOf(datanetId, version);
        return Version(
            v.frozen,
            v.memberCount,
            v.recordCount,
            v.scannedTo,
            v.endPosition,
            v.startBlock,
            v.frozenBlock,
            v.contentRoot
        );
    }

    function versionMembers(
        uint64 datanetId,
        uint32 version,
        uint32 start,
        uint32 count
    ) external view returns (Member[] memory members) {
        requireBetween(count, PAGE_ITEMS);
        VersionState storage v = versionOf(datanetId, version);
        uint256 left = start < v.memberCount ? v.memberCount - start : 0;
        members = new Member[](count < left ? count : left);
        for (uint256 i = 0; i < members.length; i++) members[i] = memberAt(datanetId, version, start + i);
    }

    function memberAt(uint64 datanetId, uint32 version, uint256 index) private view returns (Member memory) {
        uint32[] storage ends = state().datanets[datanetId].versionsById[version].chunkEnds;
        uint256 chunk = 0;
        while (ends[chunk] <= index) chunk++;
        uint256 first = chunk == 0 ? 0 : ends[chunk - 1];
        bytes memory chunkBytes = NATIVE_HOST.readBlob(address(this), chunkId(datanetId, version, chunk));
        uint256 from = (index - first) * MEMBER_BYTES;
        return Member(
            uint64(numberIn(chunkBytes, from, 8)),
            uint64(numberIn(chunkBytes, from + 8, 8)),
            uint16(numberIn(chunkBytes, from + 16, 2)),
            uint32(numberIn(chunkBytes, from + 18, 4)),
            address(uint160(numberIn(chunkBytes, from + 22, 20))),
            uint8(numberIn(chunkBytes, from + 42, 1))
        );
    }

    function numberIn(bytes memory data, uint256 from, uint256 size) private pure returns (uint256 number) {
        for (uint256 i = from; i < from + size; i++) number = (number << 8) | uint8(data[i]);
    }

    // ---- tombstones

    function tombstone(uint64 contributionId) external {
        ContributionState storage c = contributionOf(contributionId);
        if (msg.sender != c.contributor && msg.sender != governance) revert NotContributor(msg.sender);
        if (isTombstone(contributionId)) revert AlreadyTombstoned(contributionId);
        state().tombstones[contributionId / 256] |= 1 << (contributionId % 256);
        emit ContributionTombstoned(contributionId, c.datanetId, msg.sender);
    }

    function isTombstoned(uint64 contributionId) external view returns (bool tombstoned) {
        contributionOf(contributionId);
        return isTombstone(contributionId);
    }
}
