// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAdapterRegistry} from "contracts/interfaces/IAdapterRegistry.sol";
import {MerkleTree} from "../MerkleTree.sol";
import {AttributionBase} from "./AttributionBase.sol";
import {Vectors} from "./Vectors.sol";

/// @title Claims of spans and passages, checked against a version's trees
abstract contract Evidence is AttributionBase {
    uint256 private constant OUTPUT_TOKENS = 2048;
    uint256 private constant SPANS = 64;
    uint256 private constant SPAN_TOKENS = 8;
    uint256 private constant CHUNK_TOKENS = 64;
    uint256 private constant PASSAGES = 64;

    function scoreSpans(
        uint64 adapterId,
        uint32 version,
        uint32[] calldata outputTokens,
        SpanClaim[] calldata spans
    ) external view returns (uint32[] memory rows, uint32[] memory weights) {
        checkCount(outputTokens.length, OUTPUT_TOKENS);
        checkCount(spans.length, SPANS);
        IAdapterRegistry.AdapterVersion memory info = existingVersion(adapterId, version);
        rows = new uint32[](spans.length);
        weights = new uint32[](spans.length);
        uint256 end = 0;
        for (uint32 i = 0; i < spans.length; i++) {
            if (spans[i].outputStart < end) revert SpanOverlap(i);
            end = uint256(spans[i].outputStart) + spans[i].length;
            weights[i] = weightOf(info, outputTokens, spans[i], i);
            rows[i] = spans[i].chunks[0].row;
        }
    }

    function longerSpan(
        uint64 adapterId,
        uint32 version,
        uint32[] calldata outputTokens,
        SpanClaim calldata claimed,
        SpanClaim calldata better
    ) external view returns (bool isLonger) {
        checkCount(outputTokens.length, OUTPUT_TOKENS);
        IAdapterRegistry.AdapterVersion memory info = existingVersion(adapterId, version);
        if (uint256(claimed.outputStart) + claimed.length > outputTokens.length) revert SpanMismatch(0);
        weightOf(info, outputTokens, better, 1);
        if (better.length <= claimed.length) return false;
        for (uint256 token = claimed.outputStart; token < uint256(claimed.outputStart) + claimed.length; token++) {
            if (token >= better.outputStart && token - better.outputStart < better.length) return true;
        }
    }

    /// @dev Checks a span, and adds up the rarities of its tokens. Errors call it `number`.
    function weightOf(
        IAdapterRegistry.AdapterVersion memory info,
        uint32[] calldata outputTokens,
        SpanClaim calldata span,
        uint32 number
    ) private pure returns (uint32 weight) {
        if (span.length < SPAN_TOKENS) revert SpanTooShort(number);
        if (uint256(span.outputStart) + span.length > outputTokens.length) revert SpanMismatch(number);
        if (!fitTogether(span)) revert SpanMismatch(number);
        for (uint256 i = 0; i < span.length; i++) {
            (uint32 token, uint8 rarity) = corpusToken(span.chunks, uint256(span.corpusStart) + i);
            if (token != outputTokens[span.outputStart + i]) revert SpanMismatch(number);
            weight += rarity;
        }
        for (uint256 i = 0; i < span.chunks.length; i++) {
            Chunk calldata chunk = span.chunks[i];
            if (!MerkleTree.isAt(info.corpusRoot, leafOf(chunk), chunk.index, info.corpusChunks, chunk.path)) {
                revert BadProof(number);
            }
        }
    }

    /// @dev Chunks of one row that follow each other, hold the whole span, and each a token of it at least.
    function fitTogether(SpanClaim calldata span) private pure returns (bool) {
        Chunk[] calldata chunks = span.chunks;
        if (chunks.length == 0) return false;
        for (uint256 i = 0; i < chunks.length; i++) {
            uint256 count = chunks[i].tokens.length;
            if (count == 0 || count > CHUNK_TOKENS || chunks[i].rarities.length != count) return false;
            if (i == 0) continue;
            if (chunks[i].row != chunks[0].row || chunks[i].index != uint256(chunks[i - 1].index) + 1) return false;
            if (chunks[i].start != endOf(chunks[i - 1])) return false;
        }
        uint256 first = span.corpusStart;
        uint256 last = first + span.length - 1;
        Chunk calldata lastChunk = chunks[chunks.length - 1];
        if (first < chunks[0].start || first >= endOf(chunks[0])) return false;
        return last >= lastChunk.start && last < endOf(lastChunk);
    }

    function endOf(Chunk calldata chunk) private pure returns (uint256) {
        return uint256(chunk.start) + chunk.tokens.length;
    }

    /// @dev The token at a place of the contribution, which is in one of the chunks.
    function corpusToken(Chunk[] calldata chunks, uint256 place) private pure returns (uint32 token, uint8 rarity) {
        uint256 i = 0;
        while (place >= endOf(chunks[i])) i++;
        uint256 offset = place - chunks[i].start;
        return (chunks[i].tokens[offset], chunks[i].rarities[offset]);
    }

    function leafOf(Chunk calldata chunk) private pure returns (bytes memory leaf) {
        leaf = abi.encodePacked(chunk.row, chunk.start, uint8(chunk.tokens.length));
        for (uint256 i = 0; i < chunk.tokens.length; i++) {
            leaf = bytes.concat(leaf, abi.encodePacked(chunk.tokens[i], chunk.rarities[i]));
        }
    }

    function scorePassages(
        uint64 adapterId,
        uint32 version,
        bytes calldata queryEmbedding,
        Passage[] calldata passages
    ) external view returns (int64[] memory products, bool sorted) {
        checkCount(passages.length, PASSAGES);
        IAdapterRegistry.AdapterVersion memory info = existingVersion(adapterId, version);
        if (queryEmbedding.length != info.passageDims) revert LengthMismatch();
        for (uint256 i = 0; i < passages.length; i++) {
            if (passages[i].embedding.length != info.passageDims) revert LengthMismatch();
        }
        products = new int64[](passages.length);
        sorted = true;
        for (uint32 i = 0; i < passages.length; i++) {
            products[i] = productOf(info, queryEmbedding, passages[i], i);
            if (i == 0 || products[i] < products[i - 1]) continue;
            if (products[i] > products[i - 1] || passages[i].index <= passages[i - 1].index) sorted = false;
        }
    }

    function productOf(
        IAdapterRegistry.AdapterVersion memory info,
        bytes calldata queryEmbedding,
        Passage calldata passage,
        uint32 number
    ) private pure returns (int64) {
        bytes memory leaf = abi.encodePacked(passage.row, passage.record, passage.embedding);
        if (!MerkleTree.isAt(info.passagesRoot, leaf, passage.index, info.passages, passage.path)) {
            revert BadProof(number);
        }
        return int64(Vectors.dot(Vectors.decode(queryEmbedding, 1), Vectors.decode(passage.embedding, 1)));
    }

    function existingVersion(
        uint64 adapterId,
        uint32 version
    ) private view returns (IAdapterRegistry.AdapterVersion memory info) {
        (bool isAdapter, ) = adapterOf(adapterId);
        if (!isAdapter) revert UnknownAdapter(adapterId);
        bool isVersion;
        (isVersion, info) = versionOf(adapterId, version);
        if (!isVersion) revert UnknownVersion(adapterId, version);
    }
}
