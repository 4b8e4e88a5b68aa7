/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A shared object that is no plug-in. */
int not_a_plugin;
