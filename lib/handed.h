/* handed.h: what the process that starts another hands over: listening sockets, and a way to hear
 * that the other is ready.
 *
 * Protocol: that of systemd, sd_listen_fds(3) and sd_notify(3), so that a role need not know
 *          whether systemd, "sluice run" or a test has started it: LISTEN_PID, LISTEN_FDS and
 *          LISTEN_FDNAMES for descriptors from 3 on; NOTIFY_SOCKET for READY=1. Beside it
 *          SLUICE_READY_FD, a pipe that gets one byte: a supervisor tells children apart by it.
 *          Neither needs libsystemd: each is a few lines, and stable by systemd's own promise.
 * Owns:    descriptors taken are the caller's.
 * Errors:  RC_FATAL = what was handed over is no listening socket of the kind.
 * Threads: at start, before there are any. */
#ifndef SLUICE_LIB_HANDED_H
#define SLUICE_LIB_HANDED_H

#include <stddef.h>

#include "lib/err.h"

/* fds_out[i] = the socket for names[i], or -1. If one of the descriptors has one of these names,
 * names count, else the order of the descriptors. Forgets the offer: children do not get it. */
enum rc handed_take(const char *const names[], size_t count, int fds_out[],
                    struct err *err) MUST_USE;

/* In a child between fork and exec: fds become 3, 4, ... with these names, joined by colons;
 * ready_fd (-1 = none) follows. Descriptors must be close-on-exec. */
void handed_give(const int fds[], size_t count, const char *names, int ready_fd);

/* Tells whoever wants to know. Of no effect when nobody does. */
void handed_ready(void); /* once */
void handed_stopping(void);

#endif
