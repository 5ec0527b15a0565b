// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IClaimable} from "contracts/interfaces/IClaimable.sol";
import {IDatanetRegistry} from "contracts/interfaces/IDatanetRegistry.sol";
import {IMethods, Mutability} from "../Gate.sol";
import {Text} from "../Text.sol";

/// @title The methods of the Datanet registry, for its gate
contract DatanetMethods is IMethods {
    function mutabilityOf(bytes4 s) external pure returns (Mutability) {
        if (takesValue(s)) return Mutability.takesValue;
        if (reads(s)) return Mutability.reads;
        return writes(s) ? Mutability.writes : Mutability.unknown;
    }

    function takesValue(bytes4 s) private pure returns (bool) {
        if (s == IDatanetRegistry.fund.selector || s == IDatanetRegistry.joinScorers.selector) return true;
        if (s == IDatanetRegistry.commitContribution.selector) return true;
        if (s == IDatanetRegistry.commitContributionFor.selector) return true;
        return s == IDatanetRegistry.challengeContribution.selector;
    }

    function reads(bytes4 s) private pure returns (bool) {
        if (s == IClaimable.credits.selector || s == IClaimable.totals.selector) return true;
        if (s == IDatanetRegistry.rolesOf.selector || s == IDatanetRegistry.nonces.selector) return true;
        if (s == IDatanetRegistry.domainSeparator.selector || s == IDatanetRegistry.counts.selector) return true;
        if (s == IDatanetRegistry.isTombstoned.selector || s == IDatanetRegistry.hasAccess.selector) return true;
        if (s == IDatanetRegistry.accessOf.selector || s == IDatanetRegistry.getDatanet.selector) return true;
        if (s == IDatanetRegistry.getContribution.selector || s == IDatanetRegistry.getMinhash.selector) return true;
        if (s == IDatanetRegistry.contributionByRoot.selector) return true;
        if (s == IDatanetRegistry.feedbackOn.selector || s == IDatanetRegistry.contributionsOf.selector) return true;
        if (s == IDatanetRegistry.scorerInfo.selector || s == IDatanetRegistry.panelOf.selector) return true;
        if (s == IDatanetRegistry.scorersOf.selector || s == IDatanetRegistry.getVersion.selector) return true;
        return s == IDatanetRegistry.versionMembers.selector;
    }

    function writes(bytes4 s) private pure returns (bool) {
        if (s == IClaimable.claim.selector || s == IClaimable.claimFor.selector) return true;
        if (s == IClaimable.claimMany.selector || s == IClaimable.sweepSurplus.selector) return true;
        if (s == IDatanetRegistry.createDatanet.selector || s == IDatanetRegistry.updateDatanet.selector) return true;
        if (s == IDatanetRegistry.setTerms.selector || s == IDatanetRegistry.setRoles.selector) return true;
        if (s == IDatanetRegistry.transferOwnership.selector) return true;
        if (s == IDatanetRegistry.acceptOwnership.selector) return true;
        if (s == IDatanetRegistry.requestPurse.selector || s == IDatanetRegistry.withdrawPurse.selector) return true;
        if (s == IDatanetRegistry.appointScorer.selector || s == IDatanetRegistry.dismissScorer.selector) return true;
        if (s == IDatanetRegistry.leaveScorers.selector) return true;
        if (s == IDatanetRegistry.withdrawScorerBond.selector) return true;
        if (s == IDatanetRegistry.revealContribution.selector) return true;
        if (s == IDatanetRegistry.settleOrder.selector || s == IDatanetRegistry.drawScorers.selector) return true;
        if (s == IDatanetRegistry.commitScores.selector || s == IDatanetRegistry.revealScores.selector) return true;
        if (s == IDatanetRegistry.resolve.selector) return true;
        if (s == IDatanetRegistry.releaseContributions.selector) return true;
        if (s == IDatanetRegistry.plantKnownAnswer.selector) return true;
        if (s == IDatanetRegistry.revealKnownAnswer.selector) return true;
        if (s == IDatanetRegistry.freezeVersion.selector || s == IDatanetRegistry.tombstone.selector) return true;
        if (s == IDatanetRegistry.requestAccess.selector || s == IDatanetRegistry.grantAccess.selector) return true;
        return s == IDatanetRegistry.revokeAccess.selector;
    }

    function encodedAgain(bytes calldata input) external pure returns (bytes memory) {
        bytes4 s = bytes4(input);
        bytes calldata a = input[4:];
        if (s == IDatanetRegistry.createDatanet.selector) return createDatanet(a);
        if (s == IDatanetRegistry.updateDatanet.selector) return updateDatanet(a);
        if (s == IDatanetRegistry.setTerms.selector) return setTerms(a);
        if (s == IDatanetRegistry.setRoles.selector) return setRoles(a);
        if (s == IDatanetRegistry.requestPurse.selector) return requestPurse(a);
        if (s == IDatanetRegistry.commitContributionFor.selector) return commitContributionFor(a);
        if (s == IDatanetRegistry.revealContribution.selector) return revealContribution(a);
        if (s == IDatanetRegistry.commitScores.selector) return commitScores(a);
        if (s == IDatanetRegistry.revealScores.selector) return revealScores(a);
        if (s == IDatanetRegistry.challengeContribution.selector) return challengeContribution(a);
        if (s == IDatanetRegistry.revealKnownAnswer.selector) return revealKnownAnswer(a);
        if (s == IDatanetRegistry.requestAccess.selector) return requestAccess(a);
        if (s == IDatanetRegistry.grantAccess.selector) return grantAccess(a);
        if (s == IDatanetRegistry.contributionsOf.selector) return contributionsOf(a);
        if (s == IDatanetRegistry.versionMembers.selector) return versionMembers(a);
        if (s == IClaimable.claimMany.selector) return abi.encode(abi.decode(a, (address[])));
        if (takesNothing(s)) return "";
        if (takesAddress(s)) return abi.encode(abi.decode(a, (address)));
        if (takesHash(s)) return abi.encode(abi.decode(a, (bytes32)));
        if (takesList(s)) return abi.encode(abi.decode(a, (uint64[])));
        if (takesUintAndAddress(s)) return uintAndAddress(a);
        if (takesUintAndHash(s)) return uintAndHash(a);
        if (takesUintAndUint32(s)) return uintAndUint32(a);
        return abi.encode(abi.decode(a, (uint64)));
    }

    // ---- forms that several methods share

    function takesNothing(bytes4 s) private pure returns (bool) {
        if (s == IClaimable.claim.selector || s == IClaimable.totals.selector) return true;
        if (s == IClaimable.sweepSurplus.selector) return true;
        return s == IDatanetRegistry.domainSeparator.selector || s == IDatanetRegistry.counts.selector;
    }

    function takesAddress(bytes4 s) private pure returns (bool) {
        if (s == IClaimable.credits.selector || s == IClaimable.claimFor.selector) return true;
        return s == IDatanetRegistry.nonces.selector;
    }

    function takesHash(bytes4 s) private pure returns (bool) {
        return s == IDatanetRegistry.contributionByRoot.selector || s == IDatanetRegistry.feedbackOn.selector;
    }

    function takesList(bytes4 s) private pure returns (bool) {
        if (s == IDatanetRegistry.drawScorers.selector || s == IDatanetRegistry.resolve.selector) return true;
        return s == IDatanetRegistry.releaseContributions.selector;
    }

    function takesUintAndAddress(bytes4 s) private pure returns (bool) {
        if (s == IDatanetRegistry.transferOwnership.selector || s == IDatanetRegistry.rolesOf.selector) return true;
        if (s == IDatanetRegistry.appointScorer.selector || s == IDatanetRegistry.dismissScorer.selector) return true;
        if (s == IDatanetRegistry.revokeAccess.selector || s == IDatanetRegistry.hasAccess.selector) return true;
        return s == IDatanetRegistry.accessOf.selector || s == IDatanetRegistry.scorerInfo.selector;
    }

    function takesUintAndHash(bytes4 s) private pure returns (bool) {
        if (s == IDatanetRegistry.commitContribution.selector) return true;
        return s == IDatanetRegistry.plantKnownAnswer.selector;
    }

    function takesUintAndUint32(bytes4 s) private pure returns (bool) {
        if (s == IDatanetRegistry.settleOrder.selector || s == IDatanetRegistry.freezeVersion.selector) return true;
        return s == IDatanetRegistry.getVersion.selector;
    }

    function uintAndAddress(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, address account) = abi.decode(a, (uint64, address));
        return abi.encode(id, account);
    }

    function uintAndHash(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, bytes32 hash) = abi.decode(a, (uint64, bytes32));
        return abi.encode(id, hash);
    }

    function uintAndUint32(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, uint32 number) = abi.decode(a, (uint64, uint32));
        return abi.encode(id, number);
    }

    // ---- the others

    function createDatanet(bytes calldata a) private pure returns (bytes memory) {
        (
            string memory name,
            uint8 kind,
            uint8 policy,
            string memory licence,
            string memory cid,
            IDatanetRegistry.Terms memory terms
        ) = abi.decode(a, (string, uint8, uint8, string, string, IDatanetRegistry.Terms));
        Text.requireUtf8(name);
        Text.requireUtf8(licence);
        Text.requireUtf8(cid);
        return abi.encode(name, kind, policy, licence, cid, terms);
    }

    function updateDatanet(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, string memory licence, string memory cid) = abi.decode(a, (uint64, string, string));
        Text.requireUtf8(licence);
        Text.requireUtf8(cid);
        return abi.encode(id, licence, cid);
    }

    function setTerms(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, IDatanetRegistry.Terms memory terms) = abi.decode(a, (uint64, IDatanetRegistry.Terms));
        return abi.encode(id, terms);
    }

    function setRoles(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, address account, uint8 roles) = abi.decode(a, (uint64, address, uint8));
        return abi.encode(id, account, roles);
    }

    function requestPurse(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, uint96 amountWei) = abi.decode(a, (uint64, uint96));
        return abi.encode(id, amountWei);
    }

    function commitContributionFor(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, address contributor, bytes32 commitment, uint64 deadlineBlock, bytes memory signature) =
            abi.decode(a, (uint64, address, bytes32, uint64, bytes));
        return abi.encode(id, contributor, commitment, deadlineBlock, signature);
    }

    function revealContribution(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, IDatanetRegistry.Claim memory claim) = abi.decode(a, (uint64, IDatanetRegistry.Claim));
        return abi.encode(id, claim);
    }

    function commitScores(bytes calldata a) private pure returns (bytes memory) {
        (uint64[] memory ids, bytes32 commitment) = abi.decode(a, (uint64[], bytes32));
        return abi.encode(ids, commitment);
    }

    function revealScores(bytes calldata a) private pure returns (bytes memory) {
        (uint64[] memory ids, IDatanetRegistry.ScoreReport[] memory reports, bytes32 salt) =
            abi.decode(a, (uint64[], IDatanetRegistry.ScoreReport[], bytes32));
        return abi.encode(ids, reports, salt);
    }

    function challengeContribution(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, uint8 reason, string memory cid) = abi.decode(a, (uint64, uint8, string));
        Text.requireUtf8(cid);
        return abi.encode(id, reason, cid);
    }

    function revealKnownAnswer(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, uint16 minimum, uint16 maximum, bytes32 salt) = abi.decode(a, (uint64, uint16, uint16, bytes32));
        return abi.encode(id, minimum, maximum, salt);
    }

    function requestAccess(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, bytes memory publicKey, string memory cid) = abi.decode(a, (uint64, bytes, string));
        Text.requireUtf8(cid);
        return abi.encode(id, publicKey, cid);
    }

    function grantAccess(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, address account, uint40 untilBlock, bytes memory wrappedKey) =
            abi.decode(a, (uint64, address, uint40, bytes));
        return abi.encode(id, account, untilBlock, wrappedKey);
    }

    function contributionsOf(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, uint64 start, uint32 count) = abi.decode(a, (uint64, uint64, uint32));
        return abi.encode(id, start, count);
    }

    function versionMembers(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, uint32 version, uint32 start, uint32 count) = abi.decode(a, (uint64, uint32, uint32, uint32));
        return abi.encode(id, version, start, count);
    }
}
