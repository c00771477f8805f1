#include "pipelines/pipeline_mail.h"

#include "pipelines/pipeline_account.h"

bool pipeline_is_mailbox(const struct file_connector *connector)
{
    return pipeline_is_mode(connector, "imap") || pipeline_is_mode(connector, "pop3");
}

static void check_url(struct conf *conf, const struct file_connector *connector)
{
    enum mail_protocol protocol;
    bool is_imap = pipeline_is_mode(connector, "imap");
    if (connector->url == NULL)
        conf_fault(conf, &connector->name, "url is missing; email's mode %s needs it, such as %s",
                   connector->mode,
                   is_imap ? "imaps://mail.example:993" : "pop3s://mail.example:995");
    else if (!mail_link_protocol(connector->url, &protocol) || (protocol == MAIL_IMAP) != is_imap)
        conf_fault(conf, &connector->url,
                   "mode %s expects %s:// or %s://, a host and perhaps a "
                   "port, without user or path",
                   connector->mode, is_imap ? "imaps" : "pop3s", connector->mode);
}

/* One way to log in. */
static void check_secret(struct conf *conf, const struct file_connector *connector)
{
    const char *const *ways[] = {&connector->password, &connector->token_command,
                                 &connector->token_file};
    const char *const *first = NULL;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (*ways[i] != NULL && first != NULL)
            conf_fault(conf, ways[i], "only one of password, token_command and token_file is used");
        if (*ways[i] != NULL)
            first = ways[i];
    }
    if (first == NULL)
        conf_fault(conf, &connector->name,
                   "password, token_command or token_file is missing; email's mode %s needs one "
                   "to log in",
                   connector->mode);
}

void pipeline_mail_check(struct conf *conf, const struct file_connector *connector)
{
    if (!pipeline_is_mailbox(connector))
        return;
    check_url(conf, connector);
    check_secret(conf, connector);
    bool is_imap = pipeline_is_mode(connector, "imap");
    if (!is_imap && connector->folders.n > 0)
        conf_fault(conf, &connector->folders, "is for mode imap; POP3 has no folders");
    if (!is_imap && connector->since != NULL)
        conf_fault(conf, &connector->since, "is for mode imap; POP3 knows no dates");
}

struct mail_login pipeline_mail_login(const struct file_connector *connector)
{
    return (struct mail_login){
        .url = connector->url,
        .user = connector->user != NULL ? connector->user : connector->account,
        .ca_file = connector->ca_file,
        .is_plain_allowed = connector->allow_plain,
        .password = connector->password,
        .token_command = connector->token_command,
        .token_file = connector->token_file,
    };
}
