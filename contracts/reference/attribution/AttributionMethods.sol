// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IClaimable} from "contracts/interfaces/IClaimable.sol";
import {IProofOfAttribution} from "contracts/interfaces/IProofOfAttribution.sol";
import {IMethods, Mutability} from "../Gate.sol";
import {Text} from "../Text.sol";

/// @title The methods of Proof of Attribution, for its gate
contract AttributionMethods is IMethods {
    function mutabilityOf(bytes4 s) external pure returns (Mutability) {
        if (s == IProofOfAttribution.deposit.selector) return Mutability.takesValue;
        if (s == IProofOfAttribution.registerHost.selector) return Mutability.takesValue;
        if (s == IProofOfAttribution.addHostBond.selector) return Mutability.takesValue;
        if (s == IProofOfAttribution.registerAuditor.selector) return Mutability.takesValue;
        if (s == IProofOfAttribution.addAuditorBond.selector) return Mutability.takesValue;
        if (s == IProofOfAttribution.challengeReceipt.selector) return Mutability.takesValue;
        if (s == IProofOfAttribution.appealReceipt.selector) return Mutability.takesValue;

        if (s == IClaimable.credits.selector) return Mutability.reads;
        if (s == IClaimable.totals.selector) return Mutability.reads;
        if (s == IProofOfAttribution.domainSeparator.selector) return Mutability.reads;
        if (s == IProofOfAttribution.getReceipt.selector) return Mutability.reads;
        if (s == IProofOfAttribution.getAudit.selector) return Mutability.reads;
        if (s == IProofOfAttribution.committee.selector) return Mutability.reads;
        if (s == IProofOfAttribution.depositOf.selector) return Mutability.reads;
        if (s == IProofOfAttribution.hostInfo.selector) return Mutability.reads;
        if (s == IProofOfAttribution.auditorInfo.selector) return Mutability.reads;
        if (s == IProofOfAttribution.auditorsOf.selector) return Mutability.reads;
        if (s == IProofOfAttribution.getWindow.selector) return Mutability.reads;
        if (s == IProofOfAttribution.windowsOf.selector) return Mutability.reads;
        if (s == IProofOfAttribution.windowQuery.selector) return Mutability.reads;
        if (s == IProofOfAttribution.windowScores.selector) return Mutability.reads;
        if (s == IProofOfAttribution.windowShares.selector) return Mutability.reads;
        if (s == IProofOfAttribution.score.selector) return Mutability.reads;
        if (s == IProofOfAttribution.attributionOf.selector) return Mutability.reads;
        if (s == IProofOfAttribution.scoreSpans.selector) return Mutability.reads;
        if (s == IProofOfAttribution.longerSpan.selector) return Mutability.reads;
        if (s == IProofOfAttribution.scorePassages.selector) return Mutability.reads;
        if (s == IProofOfAttribution.getChallenge.selector) return Mutability.reads;
        if (s == IProofOfAttribution.getAppeal.selector) return Mutability.reads;
        if (s == IProofOfAttribution.grantOf.selector) return Mutability.reads;
        if (s == IProofOfAttribution.grantedAuditors.selector) return Mutability.reads;
        if (s == IProofOfAttribution.remainderOf.selector) return Mutability.reads;
        if (s == IProofOfAttribution.governed.selector) return Mutability.reads;

        if (s == IClaimable.claim.selector) return Mutability.writes;
        if (s == IClaimable.claimFor.selector) return Mutability.writes;
        if (s == IClaimable.claimMany.selector) return Mutability.writes;
        if (s == IClaimable.sweepSurplus.selector) return Mutability.writes;
        if (s == IProofOfAttribution.requestWithdraw.selector) return Mutability.writes;
        if (s == IProofOfAttribution.withdraw.selector) return Mutability.writes;
        if (s == IProofOfAttribution.updateHost.selector) return Mutability.writes;
        if (s == IProofOfAttribution.deregisterHost.selector) return Mutability.writes;
        if (s == IProofOfAttribution.withdrawHostBond.selector) return Mutability.writes;
        if (s == IProofOfAttribution.deregisterAuditor.selector) return Mutability.writes;
        if (s == IProofOfAttribution.withdrawAuditorBond.selector) return Mutability.writes;
        if (s == IProofOfAttribution.settle.selector) return Mutability.writes;
        if (s == IProofOfAttribution.drawAudits.selector) return Mutability.writes;
        if (s == IProofOfAttribution.commitAudit.selector) return Mutability.writes;
        if (s == IProofOfAttribution.revealAudit.selector) return Mutability.writes;
        if (s == IProofOfAttribution.markWrong.selector) return Mutability.writes;
        if (s == IProofOfAttribution.finalize.selector) return Mutability.writes;
        if (s == IProofOfAttribution.closeWindow.selector) return Mutability.writes;
        if (s == IProofOfAttribution.setGrantedAuditors.selector) return Mutability.writes;
        if (s == IProofOfAttribution.openAppeal.selector) return Mutability.writes;
        if (s == IProofOfAttribution.commitAppeal.selector) return Mutability.writes;
        if (s == IProofOfAttribution.revealAppeal.selector) return Mutability.writes;
        if (s == IProofOfAttribution.closeWindows.selector) return Mutability.writes;
        if (s == IProofOfAttribution.claimRemainder.selector) return Mutability.writes;
        if (s == IProofOfAttribution.setGoverned.selector) return Mutability.writes;
        return Mutability.unknown;
    }

    function encodedAgain(bytes calldata input) external pure returns (bytes memory) {
        bytes4 s = bytes4(input);
        bytes calldata a = input[4:];
        if (s == IClaimable.claim.selector || s == IClaimable.totals.selector) return "";
        if (s == IClaimable.sweepSurplus.selector) return "";
        if (s == IProofOfAttribution.addHostBond.selector) return "";
        if (s == IProofOfAttribution.deregisterHost.selector) return "";
        if (s == IProofOfAttribution.withdrawHostBond.selector) return "";
        if (s == IProofOfAttribution.domainSeparator.selector) return "";
        if (s == IClaimable.credits.selector || s == IClaimable.claimFor.selector) return oneAddress(a);
        if (s == IProofOfAttribution.deposit.selector) return oneAddress(a);
        if (s == IProofOfAttribution.withdraw.selector) return oneAddress(a);
        if (s == IProofOfAttribution.hostInfo.selector) return oneAddress(a);
        if (s == IProofOfAttribution.requestWithdraw.selector) return addressAndUint96(a);
        if (s == IProofOfAttribution.depositOf.selector) return twoAddresses(a);
        if (s == IProofOfAttribution.registerHost.selector) return addressAndText(a);
        if (s == IProofOfAttribution.updateHost.selector) return addressAndText(a);
        if (s == IProofOfAttribution.auditorInfo.selector) return addressAndUint64(a);
        if (s == IProofOfAttribution.registerAuditor.selector) return oneUint64(a);
        if (s == IProofOfAttribution.deregisterAuditor.selector) return oneUint64(a);
        if (s == IProofOfAttribution.withdrawAuditorBond.selector) return oneUint64(a);
        if (s == IProofOfAttribution.auditorsOf.selector) return oneUint64(a);
        if (s == IProofOfAttribution.windowsOf.selector) return oneUint64(a);
        if (s == IProofOfAttribution.settle.selector) return receipts(a);
        if (s == IProofOfAttribution.drawAudits.selector) return hashes(a);
        if (s == IProofOfAttribution.commitAudit.selector) return hashesAndHash(a);
        if (s == IProofOfAttribution.revealAudit.selector) return verdicts(a);
        if (s == IProofOfAttribution.markWrong.selector) return oneFacts(a);
        if (s == IProofOfAttribution.finalize.selector) return factsAndRows(a);
        if (s == IProofOfAttribution.closeWindow.selector) return uint64AndUint32(a);
        if (s == IProofOfAttribution.getWindow.selector) return twoUint64(a);
        if (s == IProofOfAttribution.windowQuery.selector) return twoUint64(a);
        if (s == IProofOfAttribution.windowScores.selector) return windowPage(a);
        if (s == IProofOfAttribution.windowShares.selector) return windowPage(a);
        if (s == IProofOfAttribution.score.selector) return score(a);
        if (s == IProofOfAttribution.attributionOf.selector) return score(a);
        if (s == IProofOfAttribution.scoreSpans.selector) return spans(a);
        if (s == IProofOfAttribution.longerSpan.selector) return twoSpans(a);
        if (s == IProofOfAttribution.scorePassages.selector) return passages(a);
        if (s == IClaimable.claimMany.selector) return addresses(a);
        if (s == IProofOfAttribution.setGrantedAuditors.selector) return addresses(a);
        if (s == IProofOfAttribution.addAuditorBond.selector) return oneUint64(a);
        if (s == IProofOfAttribution.challengeReceipt.selector) return oneFacts(a);
        if (s == IProofOfAttribution.appealReceipt.selector) return oneFacts(a);
        if (s == IProofOfAttribution.openAppeal.selector) return manyFacts(a);
        if (s == IProofOfAttribution.commitAppeal.selector) return hashesAndHash(a);
        if (s == IProofOfAttribution.revealAppeal.selector) return votes(a);
        if (s == IProofOfAttribution.grantOf.selector) return oneAddress(a);
        if (s == IProofOfAttribution.grantedAuditors.selector) return oneUint32(a);
        if (s == IProofOfAttribution.closeWindows.selector) return uint64sAndUint32(a);
        if (s == IProofOfAttribution.claimRemainder.selector) return versionAndMembers(a);
        if (s == IProofOfAttribution.remainderOf.selector) return versionAndMember(a);
        if (s == IProofOfAttribution.setGoverned.selector) return values(a);
        if (s == IProofOfAttribution.governed.selector) return "";
        return oneHash(a);
    }

    function oneAddress(bytes calldata a) private pure returns (bytes memory) {
        return abi.encode(abi.decode(a, (address)));
    }

    function oneUint64(bytes calldata a) private pure returns (bytes memory) {
        return abi.encode(abi.decode(a, (uint64)));
    }

    function oneHash(bytes calldata a) private pure returns (bytes memory) {
        return abi.encode(abi.decode(a, (bytes32)));
    }

    function oneFacts(bytes calldata a) private pure returns (bytes memory) {
        return abi.encode(abi.decode(a, (IProofOfAttribution.ReceiptFacts)));
    }

    function hashes(bytes calldata a) private pure returns (bytes memory) {
        return abi.encode(abi.decode(a, (bytes32[])));
    }

    function receipts(bytes calldata a) private pure returns (bytes memory) {
        (IProofOfAttribution.SignedReceipt[] memory signed, uint64 lastBlock) =
            abi.decode(a, (IProofOfAttribution.SignedReceipt[], uint64));
        return abi.encode(signed, lastBlock);
    }

    function addresses(bytes calldata a) private pure returns (bytes memory) {
        return abi.encode(abi.decode(a, (address[])));
    }

    function oneUint32(bytes calldata a) private pure returns (bytes memory) {
        return abi.encode(abi.decode(a, (uint32)));
    }

    function manyFacts(bytes calldata a) private pure returns (bytes memory) {
        return abi.encode(abi.decode(a, (IProofOfAttribution.ReceiptFacts[])));
    }

    function values(bytes calldata a) private pure returns (bytes memory) {
        return abi.encode(abi.decode(a, (IProofOfAttribution.Governed)));
    }

    function votes(bytes calldata a) private pure returns (bytes memory) {
        (bytes32[] memory ids, uint8[] memory given, bytes32 salt) = abi.decode(a, (bytes32[], uint8[], bytes32));
        return abi.encode(ids, given, salt);
    }

    function uint64sAndUint32(bytes calldata a) private pure returns (bytes memory) {
        (uint64[] memory ids, uint32 number) = abi.decode(a, (uint64[], uint32));
        return abi.encode(ids, number);
    }

    function versionAndMembers(bytes calldata a) private pure returns (bytes memory) {
        (uint64 datanetId, uint32 version, uint32[] memory members) = abi.decode(a, (uint64, uint32, uint32[]));
        return abi.encode(datanetId, version, members);
    }

    function versionAndMember(bytes calldata a) private pure returns (bytes memory) {
        (uint64 datanetId, uint32 version, uint32 member) = abi.decode(a, (uint64, uint32, uint32));
        return abi.encode(datanetId, version, member);
    }

    function twoAddresses(bytes calldata a) private pure returns (bytes memory) {
        (address first, address second) = abi.decode(a, (address, address));
        return abi.encode(first, second);
    }

    function twoUint64(bytes calldata a) private pure returns (bytes memory) {
        (uint64 first, uint64 second) = abi.decode(a, (uint64, uint64));
        return abi.encode(first, second);
    }

    function uint64AndUint32(bytes calldata a) private pure returns (bytes memory) {
        (uint64 first, uint32 second) = abi.decode(a, (uint64, uint32));
        return abi.encode(first, second);
    }

    function addressAndUint64(bytes calldata a) private pure returns (bytes memory) {
        (address account, uint64 number) = abi.decode(a, (address, uint64));
        return abi.encode(account, number);
    }

    function addressAndUint96(bytes calldata a) private pure returns (bytes memory) {
        (address account, uint96 number) = abi.decode(a, (address, uint96));
        return abi.encode(account, number);
    }

    function addressAndText(bytes calldata a) private pure returns (bytes memory) {
        (address account, string memory text) = abi.decode(a, (address, string));
        Text.requireUtf8(text);
        return abi.encode(account, text);
    }

    function hashesAndHash(bytes calldata a) private pure returns (bytes memory) {
        (bytes32[] memory ids, bytes32 hash) = abi.decode(a, (bytes32[], bytes32));
        return abi.encode(ids, hash);
    }

    function verdicts(bytes calldata a) private pure returns (bytes memory) {
        (bytes32[] memory ids, uint8[] memory given, bytes32[] memory digests, bytes32 salt) =
            abi.decode(a, (bytes32[], uint8[], bytes32[], bytes32));
        return abi.encode(ids, given, digests, salt);
    }

    function factsAndRows(bytes calldata a) private pure returns (bytes memory) {
        (IProofOfAttribution.ReceiptFacts[] memory facts, bytes[] memory rows) =
            abi.decode(a, (IProofOfAttribution.ReceiptFacts[], bytes[]));
        return abi.encode(facts, rows);
    }

    function windowPage(bytes calldata a) private pure returns (bytes memory) {
        (uint64 adapterId, uint64 windowIndex, uint32 start, uint32 count) =
            abi.decode(a, (uint64, uint64, uint32, uint32));
        return abi.encode(adapterId, windowIndex, start, count);
    }

    function score(bytes calldata a) private pure returns (bytes memory) {
        (IProofOfAttribution.ReceiptFacts memory facts, bytes memory row, uint32 start, uint32 count) =
            abi.decode(a, (IProofOfAttribution.ReceiptFacts, bytes, uint32, uint32));
        return abi.encode(facts, row, start, count);
    }

    function spans(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, uint32 version, uint32[] memory tokens, IProofOfAttribution.SpanClaim[] memory claims) =
            abi.decode(a, (uint64, uint32, uint32[], IProofOfAttribution.SpanClaim[]));
        return abi.encode(id, version, tokens, claims);
    }

    function twoSpans(bytes calldata a) private pure returns (bytes memory) {
        (
            uint64 id,
            uint32 version,
            uint32[] memory tokens,
            IProofOfAttribution.SpanClaim memory claimed,
            IProofOfAttribution.SpanClaim memory better
        ) = abi.decode(
                a,
                (uint64, uint32, uint32[], IProofOfAttribution.SpanClaim, IProofOfAttribution.SpanClaim)
            );
        return abi.encode(id, version, tokens, claimed, better);
    }

    function passages(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, uint32 version, bytes memory query, IProofOfAttribution.Passage[] memory claims) =
            abi.decode(a, (uint64, uint32, bytes, IProofOfAttribution.Passage[]));
        return abi.encode(id, version, query, claims);
    }
}
