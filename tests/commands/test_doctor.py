from __future__ import annotations

from pathlib import Path

from tests.fixtures.command_line import RunCli

AUTH = """
[auth]
redirect_uri = "https://reports.example.com/oauth2callback"
cookie_secret = "short"
client_id = "x"
client_secret = "y"
server_metadata_url = "https://id.example.com/.well-known/openid-configuration"
"""


def test_the_doctor_looks_at_how_people_sign_in(run_cli: RunCli, project_copy: Path) -> None:
    secrets = project_copy / ".streamlit" / "secrets.toml"
    secrets.write_text(AUTH, encoding="utf-8")
    secrets.chmod(0o644)
    proxies = '[security]\npasswords = false\ntrusted_proxies = ["0.0.0.0/0"]\n'
    (project_copy / "perfdash.toml").write_text(proxies, encoding="utf-8")
    done = run_cli("doctor", cwd=project_copy)
    assert done.returncode == 1, done.stderr
    for problem in ("cookie_secret", "security.trusted_proxies holds", "nobody could sign in", "chmod 600"):
        assert f"problem  {problem}" in done.stdout or problem in done.stdout
    assert '"short"' not in done.stdout
    secrets.write_text(AUTH.replace("short", "Zk3-4vQm9Lr_T8wXy1Bn6Hc2Jd5Fg7Ps0"), encoding="utf-8")
    secrets.chmod(0o600)
    (project_copy / "perfdash.toml").write_text('[security]\nallowed_hosts = ["r.example.com"]\n', encoding="utf-8")
    again = run_cli("doctor", cwd=project_copy).stdout
    assert "sign-in with single sign-on, passwords; host names: r.example.com" in again
