import Documents
import Foundation
import Store

/// The credential with which this server authenticates at Keystone.
///
/// The file is a JSON object or has the lines of an `openrc` file. The names are those of OpenStack's command line
/// client, such as `username` in JSON and `OS_USERNAME` in a line.
package struct KeystoneCredential: Sendable {
    /// The members of `auth` in the request (Identity API v3). They hold the secret.
    let authentication: JSONValue

    private static let known = [
        "application_credential_id", "application_credential_name", "application_credential_secret",
        "password", "project_domain_id", "project_domain_name", "project_id", "project_name",
        "system_scope", "user_domain_id", "user_domain_name", "user_id", "username",
    ]

    /// Reads the file, which only its owner may read. The messages of its errors have no value of the file.
    package static func read(_ path: String) throws(SettingError) -> KeystoneCredential {
        let setting = Setting.keystoneCredential.flag
        let bytes: [UInt8]
        do throws(StoreError) {
            bytes = try PrivateFile.read(path, subject: "the file")
        } catch {
            throw SettingError("\(setting): \(error.message)")
        }
        do throws(KeystoneFailure) {
            return try KeystoneCredential(bytes)
        } catch {
            throw SettingError("\(setting): \(path) \(error.description)")
        }
    }

    package init(_ bytes: [UInt8]) throws(KeystoneFailure) {
        let text = String(decoding: bytes, as: UTF8.self)
        let isJSON = text.first { !$0.isWhitespace } == "{"
        let values = isJSON ? try Self.members(bytes) : try Self.lines(text)
        authentication = try Self.authentication(values)
    }

    private static func members(_ bytes: [UInt8]) throws(KeystoneFailure) -> [String: String] {
        guard let object = (try? JSONParser.parse(bytes, limits: .body))?.objectValue else {
            throw KeystoneFailure("is not a JSON object with unique members")
        }
        var values: [String: String] = [:]
        for (key, value) in object {
            guard known.contains(key) else {
                throw KeystoneFailure(
                    "has the unknown member \(key.prefix(64)); known are \(known.joined(separator: ", "))"
                )
            }
            guard let text = value.stringValue, !text.isEmpty else {
                throw KeystoneFailure("has a \(key) that is not a text")
            }
            values[key] = text
        }
        return values
    }

    /// Reads lines such as `export OS_USERNAME="policy-server"`. Ignores variables that are not about the credential.
    private static func lines(_ text: String) throws(KeystoneFailure) -> [String: String] {
        var values: [String: String] = [:]
        for (index, line) in text.split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline
        )
        .enumerated() {
            var line = line.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.hasPrefix("#") { continue }
            if line.hasPrefix("export ") { line = line.dropFirst(7).trimmed }
            guard let equals = line.firstIndex(of: "="), line.hasPrefix("OS_"),
                let value = unquoted(line[line.index(after: equals)...])
            else {
                throw KeystoneFailure(
                    "has a line \(index + 1) that is not OS_NAME=VALUE with a plain or quoted value"
                )
            }
            let key = line[..<equals].dropFirst(3).lowercased()
            if known.contains(key) { values[key] = value }
        }
        return values
    }

    /// Returns the value of an assignment in a shell. Returns nil for a value that a shell would expand.
    private static func unquoted(_ text: Substring) -> String? {
        guard let quote = text.first else { return "" }
        let expanding = "$`\\"
        guard quote == "'" || quote == "\"" else {
            let special = expanding + "'\"#;&|<>() \t"
            return text.contains(where: special.contains) ? nil : String(text)
        }
        guard text.count >= 2, text.last == quote else { return nil }
        let inner = text.dropFirst().dropLast()
        guard !inner.contains(quote) else { return nil }
        return quote == "\"" && inner.contains(where: expanding.contains) ? nil : String(inner)
    }

    private static func authentication(
        _ values: [String: String]
    ) throws(KeystoneFailure) -> JSONValue {
        /// Returns the reference to an object by its id, or by its name and its domain.
        func reference(_ id: String, _ name: String, _ domain: String) -> JSONObject? {
            var object = JSONObject()
            if let id = values[id] {
                object["id"] = .string(id)
                return object
            }
            guard let name = values[name] else { return nil }
            object["name"] = .string(name)
            if let id = values[domain + "_id"] {
                object["domain"] = ["id": .string(id)]
            } else if let name = values[domain + "_name"] {
                object["domain"] = ["name": .string(name)]
            } else {
                return nil
            }
            return object
        }
        let user = reference("user_id", "username", "user_domain")
        if let secret = values["application_credential_secret"] {
            var credential = JSONObject()
            credential["secret"] = .string(secret)
            if let id = values["application_credential_id"] {
                credential["id"] = .string(id)
            } else if let name = values["application_credential_name"], let user {
                credential["name"] = .string(name)
                credential["user"] = .object(user)
            } else {
                throw KeystoneFailure(
                    "needs application_credential_id, or application_credential_name and a user")
            }
            // Keystone refuses a scope here: an application credential belongs to one project.
            return [
                "identity": [
                    "methods": ["application_credential"],
                    "application_credential": .object(credential),
                ]
            ]
        }
        guard let password = values["password"], var user else {
            throw KeystoneFailure(
                "needs application_credential_id and application_credential_secret, or a password with "
                    + "user_id, or with username and user_domain_name")
        }
        user["password"] = .string(password)
        var scope: JSONValue
        if values["system_scope"] != nil {
            scope = ["system": ["all": true]]
        } else if let project = reference("project_id", "project_name", "project_domain") {
            scope = ["project": .object(project)]
        } else {
            throw KeystoneFailure(
                "needs project_id, or project_name and project_domain_name, or system_scope")
        }
        return [
            "identity": ["methods": ["password"], "password": ["user": .object(user)]],
            "scope": scope,
        ]
    }
}

/// The reason for which Keystone gave no usable answer. It has no secrets.
package struct KeystoneFailure: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
