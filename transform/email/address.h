/* address.h: header texts to addresses, through GMime.
 *
 * Owns:    nothing; results live in the arena.
 * Errors:  false = the arena's cap was reached; a text that holds no address gives an empty list.
 * Threads: GMime is initialized by email_init, which any thread may call any number of times. */
#ifndef SLUICE_TRANSFORM_EMAIL_ADDRESS_H
#define SLUICE_TRANSFORM_EMAIL_ADDRESS_H

#include "transform/email/mail.h"

void email_init(void);

/* "Ana Gómez <ana@example.net>, ..." with or without encoded words; groups are taken apart. */
bool mail_addresses_parse(struct arena *arena, struct str text, struct mail_addresses *out);
/* One address as the model keys it: lower case, IDN domain in ASCII. */
struct str mail_address_key(struct arena *arena, struct str address);
/* What stands for all machines of SendGrid in the ids of its mails. */
#define MAIL_SENDGRID_DOMAIN "@ismtpd"

/* Text between the first '<' and the next '>', or the first token (5.1); STR_NULL: none, a dummy.
 * Longer than 998 bytes: "sha256:" and hex. */
struct str mail_message_id(struct arena *arena, struct str header);
/* "sha256:" and the hex digest of the bytes. */
struct str mail_hashed_id(struct arena *arena, struct str bytes);

#endif
