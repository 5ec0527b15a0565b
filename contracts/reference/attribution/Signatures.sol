// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Governance} from "./Governance.sol";

/// @title What requesters and hosts sign (EIP-712)
abstract contract Signatures is Governance {
    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant REQUEST_TYPE =
        keccak256(
            "InferenceRequest(address requester,address host,uint64 adapterId,uint32 adapterVersion,address application,"
            "bytes32 inputCommitment,uint256 maxFeeWei,uint256 nonce,uint64 deadlineBlock,uint8 auditClass,bytes32 genesisHash)"
        );
    bytes32 private constant RECEIPT_TYPE =
        keccak256(
            "InferenceReceipt(bytes32 requestHash,bytes32 outputCommitment,uint32 inputTokens,uint32 outputTokens,"
            "bytes32 queryRowHash,uint8 method,bytes32 profileHash)"
        );
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    function domainSeparator() public view returns (bytes32 separator) {
        return
            keccak256(abi.encode(DOMAIN_TYPE, keccak256("OpenLedger"), keccak256("1"), block.chainid, address(this)));
    }

    /// @dev The receipt's id: what the requester signs.
    function requestDigest(InferenceRequest calldata request) internal view returns (bytes32) {
        // all members are of one word, so that their encoding is that of EIP-712
        return typedDataDigest(keccak256(abi.encode(REQUEST_TYPE, request, genesisHash)));
    }

    function receiptStructHash(
        SignedReceipt calldata receipt,
        bytes32 receiptId,
        bytes32 queryRowHash
    ) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    RECEIPT_TYPE,
                    receiptId,
                    receipt.outputCommitment,
                    receipt.inputTokens,
                    receipt.outputTokens,
                    queryRowHash,
                    receipt.method,
                    receipt.profileHash
                )
            );
    }

    function typedDataDigest(bytes32 structHash) internal view returns (bytes32) {
        return keccak256(abi.encodePacked("\x19\x01", domainSeparator(), structHash));
    }

    function isSignedBy(address signer, bytes32 digest, bytes calldata signature) internal pure returns (bool) {
        if (signature.length != 65) return false;
        uint8 v = uint8(signature[64]);
        if (v < 27) v += 27;
        if (uint256(bytes32(signature[32:64])) > HALF_ORDER) return false;
        address recovered = ecrecover(digest, v, bytes32(signature[:32]), bytes32(signature[32:64]));
        return recovered != address(0) && recovered == signer;
    }
}
