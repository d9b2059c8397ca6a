/// The version of the program, as `--version`, `/version` and openapi.yaml say.
package enum Version {
    package static let name = "policy-server"
    package static let number = "0.1.0"
}
