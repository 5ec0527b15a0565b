// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAdapterRegistry} from "contracts/interfaces/IAdapterRegistry.sol";
import {IDatanetRegistry} from "contracts/interfaces/IDatanetRegistry.sol";
import {books} from "../Money.sol";
import {DATANETS} from "./AttributionBase.sol";
import {StoredRemainder, remainders} from "./AttributionStorage.sol";
import {Governance} from "./Governance.sol";
import {LargestRemainder} from "./LargestRemainder.sol";

/// @title Pots that nobody earned
abstract contract Remainders is Governance {
    uint256 private constant MEMBERS_PER_CALL = 64;

    // ---- in -----------------------------------------------------------------------------------------------------

    /// @dev Divides a pot over the versions of Datanets that an adapter stands on, whose members these are.
    function addRemainder(
        uint64 adapterId,
        uint64 windowIndex,
        IAdapterRegistry.DatanetVersion[] memory datanets,
        IDatanetRegistry.Member[] memory members,
        uint256 potWei
    ) internal {
        uint256 start = 0;
        for (uint256 i = 0; i < datanets.length; i++) {
            uint256 count = DATANETS.getVersion(datanets[i].datanetId, datanets[i].version).memberCount;
            weigh(remainderOfVersion(datanets[i]), members, start, count);
            start += count;
        }
        uint256[] memory parts = LargestRemainder.divide(potWei, weightsOf(datanets));
        for (uint256 i = 0; i < datanets.length; i++) {
            if (parts[i] == 0) continue;
            StoredRemainder storage r = remainderOfVersion(datanets[i]);
            uint256 added = (parts[i] << 64) + r.carry;
            r.perWeightX64 += added / r.totalWeight;
            r.carry = uint128(added % r.totalWeight);
            emit RemainderAdded(datanets[i].datanetId, datanets[i].version, adapterId, windowIndex, parts[i]);
        }
    }

    function remainderOfVersion(
        IAdapterRegistry.DatanetVersion memory datanet
    ) private view returns (StoredRemainder storage) {
        return remainders().ofVersion[datanet.datanetId][datanet.version];
    }

    /// @dev The weight of all members, tombstoned ones included; it never changes.
    function weigh(
        StoredRemainder storage r,
        IDatanetRegistry.Member[] memory members,
        uint256 start,
        uint256 count
    ) private {
        if (r.totalWeight != 0) return;
        uint256 byNovelty = 0;
        uint256 byRecords = 0;
        for (uint256 i = start; i < start + count; i++) {
            byNovelty += weightOf(members[i], false);
            byRecords += weightOf(members[i], true);
        }
        r.byRecords = byNovelty == 0;
        r.totalWeight = uint64(byNovelty == 0 ? byRecords : byNovelty);
    }

    /// @dev A version without novelty weighs nothing unless none has any.
    function weightsOf(
        IAdapterRegistry.DatanetVersion[] memory datanets
    ) private view returns (uint256[] memory weights) {
        bool allByRecords = true;
        for (uint256 i = 0; i < datanets.length; i++) if (!remainderOfVersion(datanets[i]).byRecords) allByRecords = false;
        weights = new uint256[](datanets.length);
        for (uint256 i = 0; i < datanets.length; i++) {
            StoredRemainder storage r = remainderOfVersion(datanets[i]);
            if (r.byRecords == allByRecords) weights[i] = r.totalWeight;
        }
    }

    function weightOf(IDatanetRegistry.Member memory member, bool byRecords) private pure returns (uint256) {
        return byRecords ? member.recordCount : uint256(member.recordCount) * member.noveltyBps;
    }

    // ---- out ----------------------------------------------------------------------------------------------------

    function claimRemainder(
        uint64 datanetId,
        uint32 version,
        uint32[] calldata members
    ) external returns (uint256 amountWei) {
        checkCount(members.length, MEMBERS_PER_CALL);
        uint256 count = memberCount(datanetId, version);
        for (uint256 i = 0; i < members.length; i++) if (members[i] >= count) revert UnknownMember(members[i]);
        for (uint256 i = 0; i < members.length; i++) amountWei += claimOne(datanetId, version, members[i]);
    }

    function claimOne(uint64 datanetId, uint32 version, uint32 place) private returns (uint256 amountWei) {
        IDatanetRegistry.Member memory member = memberAt(datanetId, version, place);
        amountWei = dueTo(datanetId, version, place, member);
        if (amountWei == 0) return 0;
        StoredRemainder storage r = remainders().ofVersion[datanetId][version];
        r.paidX64[place] = r.perWeightX64;
        address contributor = creditContributor(member.contributor, amountWei);
        emit RemainderPaid(member.contributionId, contributor, datanetId, version, amountWei);
    }

    function dueTo(
        uint64 datanetId,
        uint32 version,
        uint32 place,
        IDatanetRegistry.Member memory member
    ) private view returns (uint256) {
        if (DATANETS.isTombstoned(member.contributionId)) return 0;
        StoredRemainder storage r = remainders().ofVersion[datanetId][version];
        return (weightOf(member, r.byRecords) * (r.perWeightX64 - r.paidX64[place])) >> 64;
    }

    function memberAt(
        uint64 datanetId,
        uint32 version,
        uint32 place
    ) private view returns (IDatanetRegistry.Member memory) {
        return DATANETS.versionMembers(datanetId, version, place, 1)[0];
    }

    function memberCount(uint64 datanetId, uint32 version) private view returns (uint32) {
        try DATANETS.getVersion(datanetId, version) returns (IDatanetRegistry.Version memory info) {
            if (info.frozen) return info.memberCount;
        } catch {}
        revert UnknownVersion(datanetId, version);
    }

    /// @dev As `credit`, for an amount that an event of its own tells.
    function creditContributor(address account, uint256 amountWei) internal returns (address payee) {
        payee = isSystem(account) && account != staking ? treasury : account;
        books().potsWei -= uint128(amountWei);
        addCredit(payee, amountWei);
    }

    function remainderOf(
        uint64 datanetId,
        uint32 version,
        uint32 member
    ) external view returns (uint256 amountWei) {
        if (member >= memberCount(datanetId, version)) revert UnknownMember(member);
        return dueTo(datanetId, version, member, memberAt(datanetId, version, member));
    }
}
