# SPDX-License-Identifier: MIT OR Apache-2.0
TESTS += tests/docs/test_seed_map.py tests/docs/test_links.py
