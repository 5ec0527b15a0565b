// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What a native precompile gets from the node and a contract does not
/// @notice Only worlds of tests have something at this address. Everything is done in the name of the caller.
interface INativeHost {
    /// @notice Whether the caller's frame may not write. Not a view: a STATICCALL would always say yes.
    function isStatic() external returns (bool);

    /// @notice Moves wei of the caller. Never runs code.
    function transfer(address to, uint256 amountWei) external;

    /// @notice Writes a blob of the caller, once.
    function writeBlob(bytes32 id, bytes calldata payload) external;

    /// @notice A blob of any account; reverts where there is none.
    function readBlob(address owner, bytes32 id) external view returns (bytes memory payload);
}

INativeHost constant NATIVE_HOST = INativeHost(0x0000000000000000000000000000000016129001);

address constant DATANET_ADDRESS = 0x0000000000000000000000000000000016120001;
address constant ADAPTER_ADDRESS = 0x0000000000000000000000000000000016120002;
address constant ATTRIBUTION_ADDRESS = 0x0000000000000000000000000000000016120003;

/// @notice Where a namespace of EIP-7201 begins.
function namespaceSlot(string memory id) pure returns (bytes32) {
    return keccak256(abi.encode(uint256(keccak256(bytes(id))) - 1)) & ~bytes32(uint256(0xff));
}

/// @notice keccak256(keccak256(name) ‖ each key as a word).
function blobId(string memory name, uint256[] memory keys) pure returns (bytes32) {
    return keccak256(abi.encodePacked(keccak256(bytes(name)), keys));
}
