// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAdapterRegistry} from "contracts/interfaces/IAdapterRegistry.sol";
import {namespaceSlot} from "./NativeHost.sol";

struct StoredRegistry {
    uint64 baseModelCount;
    uint64 adapterCount;
    uint64 challengeCount;
    mapping(uint64 baseModelId => StoredBaseModel) baseModels;
    mapping(bytes32 hash => uint64 baseModelId) baseModelIds;
    mapping(uint64 adapterId => StoredAdapter) adapters;
    mapping(uint64 adapterId => StoredRowChallenge) rowChallenges;
    mapping(address auditor => mapping(bytes32 commitment => bytes32)) rowCommitments;
}

struct StoredBaseModel {
    address registrant;
    uint40 registeredBlock;
    bytes32 onnxHash;
    bytes32 tokenizerHash;
    bytes32 profileHash;
    string name;
    string metadataCid;
}

struct StoredAdapter {
    address owner;
    uint64 baseModelId;
    uint8 status; // active also stands for draft and published
    uint8 accessPolicy;
    uint8 depth;
    uint96 bondWei;
    uint40 bondReleaseBlock;
    uint32 newestVersion;
    uint32 currentVersion; // as of the last draft
    uint40 nextPriceBlock; // zero when no price is to come
    uint80 baseWei;
    uint80 perThousandInputWei;
    uint80 perThousandOutputWei;
    uint80 nextBaseWei;
    uint80 nextPerThousandInputWei;
    uint80 nextPerThousandOutputWei;
    address pendingOwner;
    string licence;
    string metadataCid;
    IAdapterRegistry.Parent[] parents;
    mapping(uint32 version => StoredVersion) versions;
    mapping(address account => uint40 untilBlock) access;
}

struct StoredVersion {
    uint8 status; // published also stands for active and retired
    uint16 k;
    uint16 rank;
    uint16 alpha;
    uint32 rowCount;
    uint32 memberCount;
    uint40 challengeEndBlock;
    uint40 activeFromBlock;
    uint40 retiredBlock;
    uint32 corpusChunks;
    uint32 passages;
    uint16 passageDims;
    bytes32 corpusRoot;
    bytes32 passagesRoot;
    bytes32 weightsHash;
    bytes32 configHash;
    bytes32 manifestHash;
    bytes32 targetsHash;
    bytes32 projectionSeed;
    bytes32 rowsRoot;
    IAdapterRegistry.DatanetVersion[] datanets;
}

struct StoredRowChallenge {
    address challenger;
    uint64 challengeId;
    uint8 status;
    uint8 seats;
    uint8 committed;
    uint8 revealed;
    uint32 row;
    uint32 version;
    uint40 challengeBlock;
    uint40 commitEndBlock;
    uint40 revealEndBlock;
    uint16 verdicts; // four bits for each seat
    address auditor0;
    uint96 bondWei;
    address auditor1;
    address auditor2;
}

function registryStorage() pure returns (StoredRegistry storage r) {
    bytes32 slot = namespaceSlot("openledger.storage.AdapterRegistry");
    assembly ("memory-safe") {
        r.slot := slot
    }
}
