import Documents
import Domain
import Store

/// A file of rules in YAML or JSON that give rights to the principals of an identity provider:
///
///     rules:
///     - <the conditions of the authenticator>
///       grants:
///       - {role: editor, regions: [xyz-east], kinds: [Subnet]}
enum RulesFile {
    /// The maximum number of rules in a file.
    static let maximumRules = 1_000

    /// Reads the file with `parse`, now and after each change. Refuses a file that other users can change.
    static func file<Value: Sendable>(
        _ path: String, _ setting: Setting, _ parse: @escaping @Sendable ([Rule]) throws -> Value
    ) throws(SettingError) -> ReloadingFile<Value> {
        do {
            return try ReloadingFile(path, subject: setting.flag) { path in
                do throws(StoreError) {
                    return try PrivateFile.read(path, subject: "the file", others: .reading)
                } catch {
                    throw SettingError("\(setting.flag): \(error.message)")
                }
            } parse: { bytes in
                try parse(rules(bytes, path, setting))
            }
        } catch {
            throw SettingError("\(error)")
        }
    }

    private static func rules(
        _ bytes: [UInt8], _ path: String, _ setting: Setting
    ) throws(SettingError) -> [Rule] {
        let document: JSONValue
        do {
            document = try YAMLParser.parse(bytes)
        } catch {
            let line = error.position.map { ":\($0.line)" } ?? ""
            throw SettingError("\(setting.flag): \(path)\(line): \(error.message)")
        }
        guard let members = document.objectValue, members.keys == ["rules"],
            let rules = document["rules"]?.arrayValue, rules.count <= maximumRules
        else {
            throw SettingError(
                "\(setting.flag): \(path) must be an object whose only member is 'rules', a list of at most "
                    + "\(maximumRules) rules")
        }
        var result: [Rule] = []
        for (index, rule) in rules.enumerated() {
            let place = "\(setting.flag): \(path), /rules/\(index)"
            guard let object = rule.objectValue else {
                throw SettingError("\(place) is not an object")
            }
            result.append(Rule(members: object, place: place))
        }
        return result
    }

    struct Rule {
        let members: JSONObject
        /// The setting, the path of the file, and the JSON pointer of the rule. Messages begin with this text.
        let place: String

        /// Returns an error about this rule. The message is `place` followed by `problem`. `problem` must begin with a
        /// JSON pointer relative to the rule, or with a space.
        func error(_ problem: String) -> SettingError { SettingError(place + problem) }

        func refuseMembers(except known: [String]) throws(SettingError) {
            for key in members.keys where !known.contains(key) {
                throw error("/\(key) is not known; a rule has \(known.joined(separator: ", "))")
            }
        }

        /// Returns the text of the member `key`; nil if the member is absent.
        func text(_ key: String) throws(SettingError) -> String? {
            guard let value = members[key] else { return nil }
            guard let text = value.stringValue, !text.isEmpty else {
                throw error("/\(key) must be a string that is not empty")
            }
            return text
        }

        /// Returns the list of texts of the member `key`; nil if the member is absent.
        func texts(_ key: String) throws(SettingError) -> [String]? {
            guard let value = members[key] else { return nil }
            guard let texts = Self.texts(value) else {
                throw error("/\(key) is not a list of strings")
            }
            return texts
        }

        /// Reads the member `grants`. A grant without `regions` covers all regions, and a grant without `kinds` covers
        /// all kinds.
        func grants() throws(SettingError) -> [Grant] {
            guard let list = members["grants"]?.arrayValue else {
                throw error("/grants is not a list")
            }
            var grants: [Grant] = []
            for (index, value) in list.enumerated() {
                grants.append(try grant(value, "/grants/\(index)"))
            }
            return grants
        }

        private func grant(_ value: JSONValue, _ pointer: String) throws(SettingError) -> Grant {
            do throws(GrantError) {
                return try Grant(value)
            } catch {
                throw self.error("\(pointer): \(error)")
            }
        }

        private static func texts(_ value: JSONValue) -> [String]? {
            guard let list = value.arrayValue else { return nil }
            let texts = list.compactMap(\.stringValue)
            return texts.count == list.count ? texts : nil
        }
    }
}
