#define _GNU_SOURCE /* the registers in ucontext_t */
#include "request.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

const char pass_requests_doc[] =
    "pass_requests(launcher, /)\n--\n\n"
    "From now on SIGUSR2 that somebody else sends to this process goes on to its launcher; False if it is handled here "
    "already.";

/* Written before the handler is installed. */
static pid_t program, launcher;

/* Parent of a process as /proc says it, 0 if it does not. Calls nothing that a signal handler may not. */
static pid_t parent_of(pid_t pid)
{
    char path[40] = "/proc/", digits[24], text[512];
    size_t length = strlen(path), count = 0;
    do
        digits[count++] = (char)('0' + pid % 10);
    while ((pid /= 10) > 0);
    while (count)
        path[length++] = digits[--count];
    memcpy(path + length, "/stat", sizeof "/stat");
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t got = read(file, text, sizeof text - 1);
    close(file);
    text[got > 0 ? got : 0] = 0;
    /* "PID (NAME) STATE PARENT ...", and a name may have any of these characters. */
    const char *at = strrchr(text, ')');
    pid_t parent = 0;
    for (at = at && strlen(at) > 4 ? at + 4 : ""; *at >= '0' && *at <= '9'; at++)
        parent = 10 * parent + (*at - '0');
    return parent;
}

/* Whether the program, or a process that descends from it, sent the signal. */
static bool is_of_program(pid_t sender)
{
    for (int depth = 0; sender > 1 && depth < 64; depth++, sender = parent_of(sender))
        if (sender == program)
            return true;
    return false;
}

/* Whether the system call that the signal interrupted has just answered this process id: a child that sends and ends at
 * once may be waited for before its signal is delivered, and then /proc knows it no more (2 of 40 on a busy machine). */
static bool was_just_waited_for(pid_t sender, const void *context)
{
#if defined(__linux__) && defined(__x86_64__)
    return ((const ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] == sender;
#elif defined(__linux__) && defined(__aarch64__)
    return (pid_t)((const ucontext_t *)context)->uc_mcontext.regs[0] == sender;
#else
    (void)sender, (void)context;
    return false;
#endif
}

/* In any thread, with or without the GIL; allocates nothing. */
static void handle(int number, siginfo_t *information, void *context)
{
    int error = errno;
    bool is_sent = information->si_code == SI_USER || information->si_code == SI_QUEUE;
    /* A forked child has this handler too, and a launcher that was killed leaves the program to somebody else. */
    bool is_asked = is_sent && getpid() == program && getppid() == launcher && !is_of_program(information->si_pid) &&
                    !was_just_waited_for(information->si_pid, context);
    if (!is_asked) {
        /* Without us it would have ended the process. Not by kill(): a thread in sigwait() could take that, though it was
         * this one that was given the signal. */
        signal(number, SIG_DFL);
        raise(number);
    } else if (information->si_pid != launcher) /* which passes on what it was asked, for it sees this handler */
        kill(launcher, number);
    errno = error;
}

PyObject *pass_requests(PyObject *Py_UNUSED(module), PyObject *number)
{
    long pid = PyLong_AsLong(number);
    struct sigaction present, ours = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK | SA_NODEFER};
    if (pid == -1 && PyErr_Occurred())
        return NULL;
    if (sigaction(SIGUSR2, NULL, &present) < 0 || present.sa_handler != SIG_DFL)
        Py_RETURN_FALSE;
    program = getpid();
    launcher = (pid_t)pid;
    sigemptyset(&ours.sa_mask);
    return PyBool_FromLong(sigaction(SIGUSR2, &ours, NULL) == 0);
}
