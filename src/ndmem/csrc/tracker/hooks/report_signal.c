#include "tracker/hooks/report_signal.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

const char forward_report_signal_doc[] =
    "forward_report_signal(launcher, /)\n--\n\n"
    "Forward each SIGUSR2 that another process sends to this one to its launcher; False if SIGUSR2 is handled or ignored "
    "already.";

/* Written before the handler is installed, then only read. */
static pid_t program, launcher;

/* Runs in any thread, with or without the GIL, so it calls only what is safe in a signal handler. The sender is what
 * siginfo says: to look for its parents in /proc finds no sender that has ended, 2 of 40 on a busy machine. */
static void handle(int number, siginfo_t *information, void *Py_UNUSED(context))
{
    int error = errno;
    bool is_sent = information->si_code == SI_USER || information->si_code == SI_QUEUE;
    /* A forked child inherits the handler, and a program whose launcher was killed has another parent. */
    bool is_request = is_sent && information->si_pid != program && getpid() == program && getppid() == launcher;
    if (!is_request) {
        /* Without this handler the signal would have ended the process. Not by kill(): a thread in sigwait() could take
         * that signal, though this thread was given it. */
        signal(number, SIG_DFL);
        raise(number);
    } else if (information->si_pid != launcher) /* it sees a handler here, and forwards the requests it has answered */
        kill(launcher, number);
    errno = error;
}

PyObject *forward_report_signal(PyObject *Py_UNUSED(module), PyObject *number)
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
