// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DatanetPanels} from "./DatanetPanels.sol";
import {ContributionState, DatanetState, Seats} from "./DatanetStorage.sol";

/// @title The commit order, duplicates and clusters of near-duplicates
abstract contract DatanetOrder is DatanetPanels {
    using Seats for uint64;

    uint256 private constant ORDER_PER_CALL = 64;
    uint256 private constant VALUES = 128;
    uint256 private constant BANDS = 18;
    uint256 private constant BAND_BYTES = 28;
    uint256 private constant BUCKET_LEADERS = 16;
    uint256 private constant NEAR_VALUES = 103;
    uint8 private constant INDEX_FULL = 1;

    function settleOrder(uint64 datanetId, uint32 maximum) external returns (uint32 done) {
        requireBetween(maximum, ORDER_PER_CALL);
        DatanetState storage d = datanetOf(datanetId);
        while (done < maximum && d.ordered < d.order.length && settle(d, d.order[d.ordered])) {
            d.ordered++;
            done++;
        }
    }

    /// @dev False while it is not known what becomes of the contribution.
    function settle(DatanetState storage d, uint64 id) private returns (bool) {
        ContributionState storage c = state().contributions[id];
        if (c.status == COMMITTED) {
            if (block.number <= c.commitBlock + revealMaxBlocks) return false;
            c.status = EXPIRED;
            keepBond(id, c);
            emit ContributionRefused(id, c.datanetId, EXPIRED, 0);
        } else if (c.status == REVEALED) {
            uint64 holder = state().roots[c.contentRoot];
            if (holder != 0 && holder < id) {
                c.status = DUPLICATE;
                returnBond(id, c);
                emit ContributionRefused(id, c.datanetId, DUPLICATE, holder);
            } else {
                state().roots[c.contentRoot] = id;
                order(d, id, c);
            }
        }
        return true;
    }

    function order(DatanetState storage d, uint64 id, ContributionState storage c) private {
        (c.leaderId, c.noveltyBps, c.flags) = cluster(id, c);
        uint64 candidates = eligible(d, c);
        fixCandidates(d, c, ROUND_FIRST, candidates);
        c.status = d.policy == POLICY_OPEN ? WAITING : SCORING;
        emit ContributionOrdered(
            id,
            c.datanetId,
            c.leaderId,
            c.noveltyBps,
            c.flags,
            c.scoreCommitEndBlock,
            c.scoreRevealEndBlock
        );
        if (d.policy != POLICY_OPEN && candidates == 0) endWithoutQuorum(id, c, 0);
    }

    // ---- clusters

    function cluster(
        uint64 id,
        ContributionState storage c
    ) private returns (uint64 leaderId, uint16 noveltyBps, uint8 flags) {
        bytes memory own = minhashOf(id);
        bytes32[] memory buckets = bucketsOf(c, own);
        // the leaders of all buckets, from the lowest id on
        for (uint64 after_ = 0; ; ) {
            uint64 next = nextLeader(buckets, after_);
            if (next == 0) break;
            uint256 equal = equalValues(own, minhashOf(next));
            if (equal >= NEAR_VALUES) return (next, uint16((VALUES - equal) * FULL_BPS / VALUES), 0);
            after_ = next;
        }
        return (id, FULL_BPS, lead(id, buckets) ? 0 : INDEX_FULL);
    }

    /// @dev Whether each bucket had a place for the new leader.
    function lead(uint64 id, bytes32[] memory buckets) private returns (bool all) {
        all = true;
        for (uint256 b = 0; b < BANDS; b++) {
            uint64[16] storage bucket = state().buckets[buckets[b]];
            uint256 place = 0;
            while (place < BUCKET_LEADERS && bucket[place] != 0) place++;
            if (place < BUCKET_LEADERS) bucket[place] = id;
            else all = false;
        }
    }

    function nextLeader(bytes32[] memory buckets, uint64 after_) private view returns (uint64 next) {
        for (uint256 b = 0; b < BANDS; b++) {
            uint64[16] storage bucket = state().buckets[buckets[b]];
            for (uint256 place = 0; place < BUCKET_LEADERS; place++) {
                uint64 leader = bucket[place];
                if (leader > after_ && (next == 0 || leader < next)) next = leader;
            }
        }
    }

    function bucketsOf(ContributionState storage c, bytes memory minhash) private view returns (bytes32[] memory) {
        uint8 space = c.kind == LABELS ? 1 : 0;
        uint64 targetId = c.kind == LABELS ? c.targetId : 0;
        bytes32[] memory buckets = new bytes32[](BANDS);
        for (uint256 b = 0; b < BANDS; b++) {
            bytes memory band = new bytes(BAND_BYTES);
            for (uint256 i = 0; i < BAND_BYTES; i++) band[i] = minhash[b * BAND_BYTES + i];
            buckets[b] = keccak256(abi.encodePacked(c.datanetId, space, targetId, uint8(b), band));
        }
        return buckets;
    }

    function equalValues(bytes memory a, bytes memory b) private pure returns (uint256 equal) {
        for (uint256 i = 0; i < a.length; i += 4) {
            if (a[i] == b[i] && a[i + 1] == b[i + 1] && a[i + 2] == b[i + 2] && a[i + 3] == b[i + 3]) equal++;
        }
    }
}
