/* mime_part.h: the content of one MIME part, transfer-decoded piece by piece.
 *
 * Owns:    nothing; results live in the arena.
 * Errors:  p == NULL, false: the arena's cap was reached. Damaged encodings give what can be read.
 * Threads: as GMime.
 * Source:  reference/email.md 4.1, 4.4, 7. */
#ifndef SLUICE_TRANSFORM_EMAIL_MIME_PART_H
#define SLUICE_TRANSFORM_EMAIL_MIME_PART_H

#include <gmime/gmime.h>

#include "transform/email/mail.h"

/* No more than most bytes of it. */
struct str mime_part_bytes(struct arena *arena, GMimePart *part, size_t most, bool *is_cut_out);
/* A text part's text in UTF-8 with LF, its line breaks undone where it is flowed. */
struct str mime_part_text(struct arena *arena, GMimePart *part, size_t most, bool *is_cut_out);
/* Size and SHA-256, without keeping the bytes. */
bool mime_part_measure(struct arena *arena, GMimePart *part, struct mail_attachment *attachment);
/* The same of a mail within the mail, as GMime writes it: its own bytes are not known. */
bool mime_part_measure_message(struct arena *arena, GMimeMessage *message,
                               struct mail_attachment *attachment);
/* "image/png", lower case. */
struct str mime_part_type(struct arena *arena, GMimeObject *object);
/* Cleaned; STR_NULL: none was given, or nothing is left of it. */
struct str mime_part_filename(struct arena *arena, GMimePart *part);

#endif
