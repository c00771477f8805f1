/* pipeline_mail.h: whether a connector of the file says enough to reach its mailbox, and that as
 * its puller takes it.
 *
 * Threads: no state. */
#ifndef SLUICE_PIPELINES_PIPELINE_MAIL_H
#define SLUICE_PIPELINES_PIPELINE_MAIL_H

#include "connectors/mail_login.h"
#include "pipelines/pipeline_keys.h"

/* Its mails are asked for: modes imap and pop3. */
bool pipeline_is_mailbox(const struct file_connector *connector);

/* Adds its faults to conf. Copes with fields that are missing because of earlier faults. */
void pipeline_mail_check(struct conf *conf, const struct file_connector *connector);

/* Of a connector without faults; borrows from it. */
struct mail_login pipeline_mail_login(const struct file_connector *connector);

#endif
