/* record_check.h: what must hold between the fields of one record.
 *
 * What the database would refuse is refused here, so that it is one dead letter and not a failed
 * batch.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_RECORD_CHECK_H
#define SLUICE_TRANSFORM_RECORD_CHECK_H

#include "transform/record.h"

/* The name of a required field without group that is NULL or empty; NULL = none is. */
const char *record_check_required(const struct record_field *fields, const void *owner);
/* RC_REJECT: a required field is missing, a group is stated by half, an id is not that of its
 * external id, or values contradict each other. */
enum rc record_check(const struct record *record, struct err *err) MUST_USE;

#endif
