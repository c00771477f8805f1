/* record_complete.h: what a record that was not written by a map need not state, since it follows
 * from the rest: ids from external ids (canonical-model 2.1), as-of times from the receipt.
 *
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_RECORD_COMPLETE_H
#define SLUICE_TRANSFORM_RECORD_COMPLETE_H

#include "transform/record.h"

/* Never changes what is stated. */
void record_complete(struct record *record);

#endif
