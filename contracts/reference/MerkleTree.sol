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

    /// @notice Whether a leaf is at this place of a tree of so many leaves: PATH of section 2.1.1, from the leaf up.
    function isAt(
        bytes32 root,
        bytes memory leaf,
        uint256 index,
        uint256 leaves,
        bytes32[] memory path
    ) internal pure returns (bool) {
        if (index >= leaves) return false;
        bytes32 leafHash = keccak256(abi.encodePacked(bytes1(0x00), leaf));
        (bool fits, bytes32 computed) = rootAbove(leafHash, index, leaves, path, path.length);
        return fits && computed == root;
    }

    /// @dev From the first `length` nodes of the path; `fits` says whether these are as many as there should be.
    function rootAbove(
        bytes32 leafHash,
        uint256 m,
        uint256 n,
        bytes32[] memory path,
        uint256 length
    ) private pure returns (bool fits, bytes32 computed) {
        if (n == 1) return (length == 0, leafHash);
        if (length == 0) return (false, 0);
        uint256 k = 1;
        while (k * 2 < n) k *= 2;
        bytes32 sibling = path[length - 1];
        (fits, computed) = m < k
            ? rootAbove(leafHash, m, k, path, length - 1)
            : rootAbove(leafHash, m - k, n - k, path, length - 1);
        (bytes32 left, bytes32 right) = m < k ? (computed, sibling) : (sibling, computed);
        computed = keccak256(abi.encodePacked(bytes1(0x01), left, right));
    }
}
