/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The host's kit has no DEFINE_GUID; this stands for the real one. */
