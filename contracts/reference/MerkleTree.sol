// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The Merkle tree hash of RFC 6962, section 2.1, with keccak256
library MerkleTree {
    function rootOf(bytes[] memory leaves) internal pure returns (bytes32) {
        if (leaves.length == 0) return keccak256("");
        return rootOf(leaves, 0, leaves.length);
    }

    function rootOf(bytes[] memory leaves, uint256 from, uint256 to) private pure returns (bytes32) {
        uint256 n = to - from;
        if (n == 1) return keccak256(abi.encodePacked(bytes1(0x00), leaves[from]));
        uint256 k = 1;
        while (k * 2 < n) k *= 2;
        return keccak256(abi.encodePacked(bytes1(0x01), rootOf(leaves, from, from + k), rootOf(leaves, from + k, to)));
    }
}
