// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDatanetRegistry} from "contracts/interfaces/IDatanetRegistry.sol";
import {StoredWindow} from "./AttributionStorage.sol";
import {LargestRemainder} from "./LargestRemainder.sol";
import {WindowReading} from "./WindowReading.sol";

/// @title How a window's pot is divided
abstract contract PotDivision is WindowReading {
    /// @dev The positive sums of clusters divide the pot. Without any nobody gets a part.
    function divide(
        Closing memory c,
        StoredWindow storage window,
        IDatanetRegistry.Member[] memory members,
        bool[] memory leftOut
    ) internal view returns (uint256[] memory amountsWei, bool attributed) {
        uint256 potWei = window.potWei - window.closersWei;
        uint64[] memory leaders = leadersOf(members, leftOut);
        uint256[] memory sums = clusterSums(leaders, members, leftOut, storedScores(c, 0, c.rows));
        amountsWei = new uint256[](members.length);
        for (uint256 i = 0; i < sums.length; i++) if (sums[i] > 0) attributed = true;
        if (!attributed) return (amountsWei, false);
        uint256[] memory parts = LargestRemainder.divide(potWei, sums);
        for (uint256 i = 0; i < leaders.length; i++) divideCluster(parts[i], leaders[i], members, leftOut, amountsWei);
    }

    /// @dev The clusters' leaders, ascending.
    function leadersOf(
        IDatanetRegistry.Member[] memory members,
        bool[] memory leftOut
    ) internal pure returns (uint64[] memory leaders) {
        leaders = new uint64[](members.length);
        uint256 count = 0;
        uint64 last = 0;
        while (true) {
            uint64 next = type(uint64).max;
            for (uint256 i = 0; i < members.length; i++) {
                uint64 leaderId = members[i].leaderId;
                if (!leftOut[i] && leaderId > last && leaderId < next) next = leaderId;
            }
            if (next == type(uint64).max) break;
            leaders[count++] = next;
            last = next;
        }
        assembly ("memory-safe") {
            mstore(leaders, count)
        }
    }

    function clusterSums(
        uint64[] memory leaders,
        IDatanetRegistry.Member[] memory members,
        bool[] memory leftOut,
        int256[] memory scores
    ) internal pure returns (uint256[] memory sums) {
        sums = new uint256[](leaders.length);
        for (uint256 i = 0; i < leaders.length; i++) {
            int256 sum = 0;
            for (uint256 j = 0; j < members.length; j++) {
                if (members[j].leaderId == leaders[i] && !leftOut[j]) sum += scores[j];
            }
            if (sum > 0) sums[i] = uint256(sum);
        }
    }

    /// @dev Divides by records · novelty over the members of one cluster, by records where none has novelty.
    function divideCluster(
        uint256 amountWei,
        uint64 leaderId,
        IDatanetRegistry.Member[] memory members,
        bool[] memory leftOut,
        uint256[] memory amountsWei
    ) internal pure {
        uint256[] memory places = placesOf(leaderId, members, leftOut);
        uint256[] memory weights = new uint256[](places.length);
        uint256 total = 0;
        for (uint256 i = 0; i < places.length; i++) {
            IDatanetRegistry.Member memory member = members[places[i]];
            weights[i] = uint256(member.recordCount) * member.noveltyBps;
            total += weights[i];
        }
        if (total == 0) {
            for (uint256 i = 0; i < places.length; i++) weights[i] = members[places[i]].recordCount;
        }
        uint256[] memory parts = LargestRemainder.divide(amountWei, weights);
        for (uint256 i = 0; i < places.length; i++) amountsWei[places[i]] = parts[i];
    }

    /// @dev Where the members of a cluster are, in the order of their commits.
    function placesOf(
        uint64 leaderId,
        IDatanetRegistry.Member[] memory members,
        bool[] memory leftOut
    ) internal pure returns (uint256[] memory places) {
        places = new uint256[](members.length);
        uint256 count = 0;
        for (uint256 i = 0; i < members.length; i++) {
            if (members[i].leaderId != leaderId || leftOut[i]) continue;
            uint256 place = count++;
            for (; place > 0 && members[places[place - 1]].contributionId > members[i].contributionId; place--) {
                places[place] = places[place - 1];
            }
            places[place] = i;
        }
        assembly ("memory-safe") {
            mstore(places, count)
        }
    }
}
