"""A desktop app with a license. Its window shows the license, and the feature "pro" unlocks a button."""

import json
import sys
import tkinter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tkinter import messagebox, simpledialog, ttk

HERE = Path(__file__).parent
# In your app, pip install the library instead.
sys.path.insert(0, str(HERE.parent.parent / "clients" / "python"))
from keyseal import Keyseal  # noqa: E402

CHECK_EVERY_MS = 3_600_000

TEXTS = {
    "valid": "Your license is active.",
    "grace": "Your license could not be renewed. Connect to the internet.",
    "expired": "Your license has ended. Renew it, then choose Check again.",
    "blocked": "Your license was blocked. Please contact us.",
    "limit-reached": "Your license is active on too many computers. Deactivate one of them.",
    "unlicensed": "Enter your license key, or start a trial.",
    "clock-set-back": "The clock of this computer is wrong. Correct it, then choose Check again.",
    "tampered": "Your license file is damaged. Connect to the internet, then choose Check again.",
}
REASONS = {
    "unreachable": "The license server cannot be reached.",
    "not-trusted": "Something else answered for the license server. Does your network ask you to sign in?",
    "refused": "The license server has no answer now. Try again later.",
    "wrong-machine": "This license is for another computer.",
    "other-product": "This license is for another product.",
    "file-invalid": "This is not a valid license file.",
}

# The file ships with the app. Do not download public keys when your app runs: anyone who controls
# the connection could send others.
settings = json.loads((HERE / "keyseal.json").read_text(encoding="utf-8"))
keyseal = Keyseal(
    server=settings["server"],
    api_key="demo-api-key",  # Everyone can read it. Give yours only the capability `use`.
    product_id=settings["productId"],
    file_keys=settings["fileKeys"],
    answer_keys=settings["answerKeys"],
    algorithm=settings["algorithm"],
)

window = tkinter.Tk(className="keyseal-example")
state = ttk.Label(window, name="state", padding=10)
state.pack()
# One thread, so that the license methods run one after the other.
pool = ThreadPoolExecutor(max_workers=1)


def ask(method, *values):
    """Calls a method that waits for the server in another thread, so that the window does not freeze."""
    state["text"] = "Please wait ..."
    show_when_done(pool.submit(method, *values))


def show_when_done(future):
    if future.done():
        show(future.result())
    else:
        window.after(100, show_when_done, future)


def show(status):
    text = "This license key is wrong." if status.code == "210" else TEXTS[status.state]
    days = f"Days left: {status.days_left}" if status.days_left else ""
    state["text"] = "\n".join(filter(None, [REASONS.get(status.reason), text, days]))
    export["state"] = "normal" if keyseal.has("pro") else "disabled"


def enter_key():
    key = simpledialog.askstring("License", "License key:", parent=window)
    if key:
        ask(keyseal.activate, key)


def check():
    """Reads one small file and does not wait for the network. A refresh that is due runs in the background."""
    show(keyseal.check())
    window.after(CHECK_EVERY_MS, check)


def button(name, text, command):
    made = ttk.Button(window, name=name, text=text, command=command)
    made.pack(fill="x", padx=10, pady=3)
    return made


button("enter", "Enter license key ...", enter_key)
button("trial", "Start a trial", lambda: ask(keyseal.start_trial))
button("refresh", "Check again", lambda: ask(keyseal.refresh))
button("deactivate", "Deactivate this computer", lambda: ask(keyseal.deactivate))
export = button("export", "Export (pro)", lambda: messagebox.showinfo("Export", "Exported."))
check()
window.mainloop()
