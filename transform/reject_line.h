/* reject_line.h: a reject as one line of JSON, for people and for tests:
 * {"reject":"bad_value","path":"entry[0]...","offset":412,"detail":"expected ..."}
 *
 * Owns:    nothing; the text is the writer's, valid until its next use.
 * Threads: one owner of the writer. */
#ifndef SLUICE_TRANSFORM_REJECT_LINE_H
#define SLUICE_TRANSFORM_REJECT_LINE_H

#include "transform/json.h"
#include "transform/normalizer.h"

struct str reject_line(struct json_writer *writer, const struct reject *reject);

#endif
