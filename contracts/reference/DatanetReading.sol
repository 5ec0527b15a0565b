// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What a sibling reads of the Datanet registry and its interface does not show
/// @notice Only worlds of tests have something at this address.
interface IDatanetReading {
    /// @notice Whether an account may have a Datanet's content.
    function hasAccess(uint64 datanetId, address account) external view returns (bool);

    /// @notice Records and flags of the member at an index of a frozen version.
    function memberAt(
        uint64 datanetId,
        uint32 version,
        uint32 index
    ) external view returns (uint32 recordCount, uint8 flags);
}

IDatanetReading constant DATANET_READING = IDatanetReading(0x0000000000000000000000000000000016129002);
