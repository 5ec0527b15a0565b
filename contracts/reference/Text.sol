// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Texts that people will see
library Text {
    error NotUtf8();

    /// @notice Reverts when the bytes are not well-formed UTF-8 (Unicode, table 3-7).
    function requireUtf8(string memory text) internal pure {
        bytes memory b = bytes(text);
        for (uint256 pos = 0; pos < b.length; pos += sizeAt(b, pos)) codePointAt(b, pos);
    }

    /// @notice Whether there is a control character, a line or paragraph separator, or a mark that reorders what a reader
    /// sees. The text is UTF-8.
    function hasHidden(string memory text) internal pure returns (bool) {
        bytes memory b = bytes(text);
        for (uint256 pos = 0; pos < b.length; pos += sizeAt(b, pos)) if (isHidden(codePointAt(b, pos))) return true;
        return false;
    }

    function isHidden(uint256 c) private pure returns (bool) {
        if (c <= 0x1f || (c >= 0x7f && c <= 0x9f)) return true;
        if (c == 0x2028 || c == 0x2029) return true;
        return c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
    }

    function sizeAt(bytes memory b, uint256 pos) private pure returns (uint256) {
        uint8 first = uint8(b[pos]);
        if (first < 0x80) return 1;
        if (first < 0xe0) return 2;
        return first < 0xf0 ? 3 : 4;
    }

    function codePointAt(bytes memory b, uint256 pos) private pure returns (uint256 c) {
        uint8 first = uint8(b[pos]);
        uint256 size = sizeAt(b, pos);
        if (size == 1) return first;
        if (first < 0xc2 || first > 0xf4 || pos + size > b.length) revert NotUtf8();
        c = first & (size == 2 ? 0x1f : size == 3 ? 0x0f : 0x07);
        for (uint256 i = 1; i < size; i++) {
            uint8 next = uint8(b[pos + i]);
            if (next & 0xc0 != 0x80) revert NotUtf8();
            c = (c << 6) | (next & 0x3f);
        }
        // the shortest form only, no surrogates, nothing above the last code point
        if (size == 3 && (c < 0x800 || (c >= 0xd800 && c <= 0xdfff))) revert NotUtf8();
        if (size == 4 && (c < 0x10000 || c > 0x10ffff)) revert NotUtf8();
    }
}
