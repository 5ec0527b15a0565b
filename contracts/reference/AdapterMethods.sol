// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAdapterRegistry} from "contracts/interfaces/IAdapterRegistry.sol";
import {IClaimable} from "contracts/interfaces/IClaimable.sol";
import {IMethods, Mutability} from "./Gate.sol";
import {Text} from "./Text.sol";

/// @title The methods of the adapter registry, for its gate
contract AdapterMethods is IMethods {
    function mutabilityOf(bytes4 s) external pure returns (Mutability) {
        if (s == IAdapterRegistry.createAdapter.selector) return Mutability.takesValue;
        if (s == IAdapterRegistry.newVersion.selector) return Mutability.takesValue;
        if (s == IAdapterRegistry.challengeRows.selector) return Mutability.takesValue;
        if (s == IAdapterRegistry.topUpBond.selector) return Mutability.takesValue;

        if (s == IClaimable.credits.selector) return Mutability.reads;
        if (s == IClaimable.totals.selector) return Mutability.reads;
        if (s == IAdapterRegistry.getBaseModel.selector) return Mutability.reads;
        if (s == IAdapterRegistry.baseModelOf.selector) return Mutability.reads;
        if (s == IAdapterRegistry.getAdapter.selector) return Mutability.reads;
        if (s == IAdapterRegistry.getVersion.selector) return Mutability.reads;
        if (s == IAdapterRegistry.versionsOf.selector) return Mutability.reads;
        if (s == IAdapterRegistry.parentsOf.selector) return Mutability.reads;
        if (s == IAdapterRegistry.priceOf.selector) return Mutability.reads;
        if (s == IAdapterRegistry.getRows.selector) return Mutability.reads;
        if (s == IAdapterRegistry.mayUse.selector) return Mutability.reads;
        if (s == IAdapterRegistry.accessUntil.selector) return Mutability.reads;
        if (s == IAdapterRegistry.getRowChallenge.selector) return Mutability.reads;
        if (s == IAdapterRegistry.isActive.selector) return Mutability.reads;
        if (s == IAdapterRegistry.acceptsVersion.selector) return Mutability.reads;

        if (s == IClaimable.claim.selector) return Mutability.writes;
        if (s == IClaimable.claimFor.selector) return Mutability.writes;
        if (s == IClaimable.claimMany.selector) return Mutability.writes;
        if (s == IClaimable.sweepSurplus.selector) return Mutability.writes;
        if (s == IAdapterRegistry.registerBaseModel.selector) return Mutability.writes;
        if (s == IAdapterRegistry.dropDraft.selector) return Mutability.writes;
        if (s == IAdapterRegistry.appendRows.selector) return Mutability.writes;
        if (s == IAdapterRegistry.publish.selector) return Mutability.writes;
        if (s == IAdapterRegistry.drawRowAudit.selector) return Mutability.writes;
        if (s == IAdapterRegistry.commitRowAudit.selector) return Mutability.writes;
        if (s == IAdapterRegistry.revealRowAudit.selector) return Mutability.writes;
        if (s == IAdapterRegistry.resolveRowChallenge.selector) return Mutability.writes;
        if (s == IAdapterRegistry.setMetadata.selector) return Mutability.writes;
        if (s == IAdapterRegistry.setAccessPolicy.selector) return Mutability.writes;
        if (s == IAdapterRegistry.setAccess.selector) return Mutability.writes;
        if (s == IAdapterRegistry.transferAdapter.selector) return Mutability.writes;
        if (s == IAdapterRegistry.acceptAdapter.selector) return Mutability.writes;
        if (s == IAdapterRegistry.pause.selector) return Mutability.writes;
        if (s == IAdapterRegistry.unpause.selector) return Mutability.writes;
        if (s == IAdapterRegistry.deprecate.selector) return Mutability.writes;
        if (s == IAdapterRegistry.releaseBond.selector) return Mutability.writes;
        if (s == IAdapterRegistry.setPrice.selector) return Mutability.writes;
        return Mutability.unknown;
    }

    function encodedAgain(bytes calldata input) external pure returns (bytes memory) {
        bytes4 s = bytes4(input);
        bytes calldata a = input[4:];
        if (s == IAdapterRegistry.registerBaseModel.selector) return registerBaseModel(a);
        if (s == IAdapterRegistry.createAdapter.selector) return createAdapter(a);
        if (s == IAdapterRegistry.newVersion.selector) return newVersion(a);
        if (s == IAdapterRegistry.appendRows.selector) return appendRows(a);
        if (s == IAdapterRegistry.challengeRows.selector) return challengeRows(a);
        if (s == IAdapterRegistry.commitRowAudit.selector) return commitRowAudit(a);
        if (s == IAdapterRegistry.revealRowAudit.selector) return revealRowAudit(a);
        if (s == IAdapterRegistry.setMetadata.selector) return setMetadata(a);
        if (s == IAdapterRegistry.setPrice.selector) return setPrice(a);
        if (s == IAdapterRegistry.publish.selector) return uintAndHash(a);
        if (s == IAdapterRegistry.setAccessPolicy.selector) return uintAndUint8(a);
        if (s == IAdapterRegistry.setAccess.selector) return setAccess(a);
        if (s == IAdapterRegistry.transferAdapter.selector) return uintAndAddress(a);
        if (s == IAdapterRegistry.mayUse.selector) return uintAndAddress(a);
        if (s == IAdapterRegistry.accessUntil.selector) return uintAndAddress(a);
        if (s == IAdapterRegistry.baseModelOf.selector) return threeHashes(a);
        if (s == IAdapterRegistry.getVersion.selector) return uintAndUint32(a);
        if (s == IAdapterRegistry.acceptsVersion.selector) return uintAndUint32(a);
        if (s == IAdapterRegistry.versionsOf.selector) return versionsOf(a);
        if (s == IAdapterRegistry.getRows.selector) return getRows(a);
        if (s == IClaimable.credits.selector || s == IClaimable.claimFor.selector) return oneAddress(a);
        if (s == IClaimable.claimMany.selector) return abi.encode(abi.decode(a, (address[])));
        if (s == IClaimable.claim.selector || s == IClaimable.totals.selector) return "";
        if (s == IClaimable.sweepSurplus.selector) return "";
        return oneUint(a);
    }

    function oneUint(bytes calldata a) private pure returns (bytes memory) {
        return abi.encode(abi.decode(a, (uint64)));
    }

    function oneAddress(bytes calldata a) private pure returns (bytes memory) {
        return abi.encode(abi.decode(a, (address)));
    }

    function uintAndHash(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, bytes32 hash) = abi.decode(a, (uint64, bytes32));
        return abi.encode(id, hash);
    }

    function uintAndUint8(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, uint8 number) = abi.decode(a, (uint64, uint8));
        return abi.encode(id, number);
    }

    function uintAndUint32(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, uint32 number) = abi.decode(a, (uint64, uint32));
        return abi.encode(id, number);
    }

    function uintAndAddress(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, address account) = abi.decode(a, (uint64, address));
        return abi.encode(id, account);
    }

    function threeHashes(bytes calldata a) private pure returns (bytes memory) {
        (bytes32 first, bytes32 second, bytes32 third) = abi.decode(a, (bytes32, bytes32, bytes32));
        return abi.encode(first, second, third);
    }

    function registerBaseModel(bytes calldata a) private pure returns (bytes memory) {
        (bytes32 onnx, bytes32 tokenizer, bytes32 profile, string memory name, string memory cid) =
            abi.decode(a, (bytes32, bytes32, bytes32, string, string));
        Text.requireUtf8(name);
        Text.requireUtf8(cid);
        return abi.encode(onnx, tokenizer, profile, name, cid);
    }

    function createAdapter(bytes calldata a) private pure returns (bytes memory) {
        IAdapterRegistry.AdapterDraft memory draft = abi.decode(a, (IAdapterRegistry.AdapterDraft));
        Text.requireUtf8(draft.licence);
        Text.requireUtf8(draft.metadataCid);
        return abi.encode(draft);
    }

    function newVersion(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, IAdapterRegistry.VersionDraft memory draft) =
            abi.decode(a, (uint64, IAdapterRegistry.VersionDraft));
        return abi.encode(id, draft);
    }

    function appendRows(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, uint32 start, bytes memory rows) = abi.decode(a, (uint64, uint32, bytes));
        return abi.encode(id, start, rows);
    }

    function challengeRows(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, uint32 row, string memory cid) = abi.decode(a, (uint64, uint32, string));
        Text.requireUtf8(cid);
        return abi.encode(id, row, cid);
    }

    function commitRowAudit(bytes calldata a) private pure returns (bytes memory) {
        (uint64[] memory ids, bytes32 commitment) = abi.decode(a, (uint64[], bytes32));
        return abi.encode(ids, commitment);
    }

    function revealRowAudit(bytes calldata a) private pure returns (bytes memory) {
        (uint64[] memory ids, uint8[] memory verdicts, bytes32 salt) = abi.decode(a, (uint64[], uint8[], bytes32));
        return abi.encode(ids, verdicts, salt);
    }

    function setMetadata(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, string memory licence, string memory cid) = abi.decode(a, (uint64, string, string));
        Text.requireUtf8(licence);
        Text.requireUtf8(cid);
        return abi.encode(id, licence, cid);
    }

    function setAccess(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, address account, uint40 untilBlock) = abi.decode(a, (uint64, address, uint40));
        return abi.encode(id, account, untilBlock);
    }

    function setPrice(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, IAdapterRegistry.Price memory price) = abi.decode(a, (uint64, IAdapterRegistry.Price));
        return abi.encode(id, price);
    }

    function versionsOf(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, uint32 start, uint32 count) = abi.decode(a, (uint64, uint32, uint32));
        return abi.encode(id, start, count);
    }

    function getRows(bytes calldata a) private pure returns (bytes memory) {
        (uint64 id, uint32 version, uint32 start, uint32 count) = abi.decode(a, (uint64, uint32, uint32, uint32));
        return abi.encode(id, version, start, count);
    }
}
