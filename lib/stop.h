/* stop.h: the one flag that ends every loop.
 *
 * stop_install makes SIGTERM and SIGINT set the flag (a second one ends the process at once) and
 * ignores SIGPIPE. Loops test stop_requested between units of work, then drain, flush, commit and
 * return. */
#ifndef SLUICE_LIB_STOP_H
#define SLUICE_LIB_STOP_H

#include <stdbool.h>

void stop_install(void);
bool stop_requested(void);
void stop_request(
    void); /* as if a signal had come: for tests and for a role that found a reason to end */

/* Sleeps up to ms, less when a stop is requested. */
void stop_sleep_ms(int ms);

#endif
